// SPDX-License-Identifier: MIT
#include "attributes.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <sys/uio.h>

namespace follow {
namespace {

std::vector<std::string> texts;  // Number 1 is the first.

}  // namespace

const vmarea::Attributes* KeptAttributes::intern_attributes(
    const vmarea::Attributes& content) noexcept {
  static std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, vmarea::Attributes>
      known;
  const auto key = std::tuple(content.policy, content.userfault_context, content.name);
  return &known.try_emplace(key, content).first->second;
}

std::uint64_t number_of(const std::string& text) {
  if (text.empty()) return 0;
  const auto known = std::find(texts.begin(), texts.end(), text);
  const auto index = static_cast<std::uint64_t>(known - texts.begin());
  if (known == texts.end()) texts.push_back(text);
  return index + 1;
}

const std::string& text_of(std::uint64_t number) {
  static const std::string none;
  return number == 0 ? none : texts.at(number - 1);
}

vmarea::MemoryPolicy policy_of(pid_t task, const Call& call) {
  const auto& [start, length, mode, mask, bits, flags] = call.arguments;
  static_cast<void>(start);
  static_cast<void>(length);
  static_cast<void>(flags);
  constexpr std::uint64_t default_policy = 0;
  if (mode == default_policy) return 0;
  const std::string nodes = mask != 0 ? read_memory(task, mask, (bits + 7) / 8) : std::string();
  return number_of(fmt::format("{}:{}", mode, nodes));
}

std::string read_memory(pid_t task, std::uint64_t address, std::size_t length) {
  std::string bytes(length, '\0');
  iovec ours{bytes.data(), length};
  iovec theirs{reinterpret_cast<void*>(address), length};
  const ssize_t count = process_vm_readv(task, &ours, 1, &theirs, 1, 0);
  bytes.resize(static_cast<std::size_t>(count > 0 ? count : 0));
  return bytes;
}

}  // namespace follow
