// SPDX-License-Identifier: MIT
#include "attributes.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <sys/uio.h>

#include "proc_text.hpp"

namespace follow {
namespace {

std::vector<std::string> texts;  // Number 1 is the first.
std::map<vmarea::UserfaultContext, vmarea::UserfaultRules> known_rules;

constexpr std::uint64_t feature_fork = 1 << 1, feature_remap = 1 << 2, feature_unmap = 1 << 6;
constexpr std::uint64_t feature_protect_async = 1 << 15;

/// "API:	aa:FEATURES:POSSIBLE", in hexadecimal.
vmarea::UserfaultRules read_userfault_rules(std::string_view shown) {
  shown.remove_prefix(std::min(shown.find(':') + 1, shown.size()));
  const std::string digits(shown.substr(0, shown.find(':')));
  const std::uint64_t features = std::strtoull(digits.c_str(), nullptr, 16);
  return {.protects_async = (features & feature_protect_async) != 0,
          .unmap_events = (features & feature_unmap) != 0,
          .remap_events = (features & feature_remap) != 0,
          .fork_events = (features & feature_fork) != 0};
}

}  // namespace

const vmarea::Attributes* KeptAttributes::intern_attributes(
    const vmarea::Attributes& content) noexcept {
  static std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, vmarea::Attributes>
      known;
  const auto key = std::tuple(content.policy, content.userfault_context, content.name);
  return &known.try_emplace(key, content).first->second;
}

vmarea::UserfaultRules KeptAttributes::userfault_rules(vmarea::UserfaultContext context) noexcept {
  const auto known = known_rules.find(context & ~context_of_child);
  return known != known_rules.end() ? known->second : vmarea::UserfaultRules{};
}

std::optional<vmarea::UserfaultContext> find_userfault_context(pid_t task, int descriptor) {
  const std::string text = read_file(fmt::format("/proc/{}/fdinfo/{}", task, descriptor));
  const auto features = find_field(text, "API");
  const auto inode = find_field(text, "ino");
  if (!features || !inode) return std::nullopt;
  const vmarea::UserfaultContext context = std::strtoull(inode->c_str(), nullptr, 10);
  known_rules[context] = read_userfault_rules(*features);
  return context;
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

std::optional<vmarea::MemoryPolicy> find_policy(pid_t task, const Call& call) {
  const std::uint64_t mode = call.arguments[2], mask = call.arguments[3];
  constexpr std::uint64_t default_policy = 0, word_bits = 64, bits_max = 8 * 4096;
  const std::uint64_t bits = std::min(call.arguments[4], bits_max);
  // The last bit is not looked at, and whole words are.
  const std::uint64_t words = bits < 2 ? 0 : (bits - 1 + word_bits - 1) / word_bits;
  std::string nodes;
  if (mask != 0) nodes = read_memory(task, mask, words * sizeof(std::uint64_t));
  if (mask != 0 && nodes.size() != words * sizeof(std::uint64_t)) return std::nullopt;
  if (mode == default_policy) return 0;
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
