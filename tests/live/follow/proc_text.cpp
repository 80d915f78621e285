// SPDX-License-Identifier: MIT
#include "proc_text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace follow {
namespace {

std::optional<std::uint64_t> parse(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

std::string read_status(pid_t task) {
  return read_file(fmt::format("/proc/{}/status", task));
}

std::uint64_t find_mask(std::string_view text, std::string_view field) {
  const auto word = find_field(text, field);
  return word ? parse(*word, 16).value_or(0) : 0;
}

std::optional<pid_t> find_id(std::string_view text, std::string_view field) {
  const auto word = find_field(text, field);
  const auto value = word ? parse(*word, 10) : std::nullopt;
  if (!value) return std::nullopt;
  return static_cast<pid_t>(*value);
}

}  // namespace

std::string read_file(const std::string& path) {
  std::string text;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return text;
  constexpr std::size_t step = 1 << 14;
  for (;;) {
    const std::size_t used = text.size();
    text.resize(used + step);
    const ssize_t count = read(file, text.data() + used, step);
    text.resize(used + static_cast<std::size_t>(count > 0 ? count : 0));
    if (count <= 0) break;
  }
  close(file);
  return text;
}

std::optional<std::string> find_field(std::string_view text, std::string_view field) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(field) && line.size() > field.size() && line[field.size()] == ':') {
      const std::size_t start = line.find_first_not_of(" \t", field.size() + 1);
      if (start == std::string_view::npos) return std::string();
      return std::string(line.substr(start, line.find_first_of(" \t", start) - start));
    }
    at = end + 1;
  }
  return std::nullopt;
}

std::pair<std::uint64_t, std::uint64_t> find_limit(std::string_view text, std::string_view name) {
  constexpr std::uint64_t none = ~std::uint64_t{0};
  std::size_t at = text.find(std::string(name) + "  ");  // Names hold single spaces.
  if (at == std::string_view::npos) return {none, none};
  at += name.size();
  const auto take_word = [&] {
    at = std::min(text.find_first_not_of(' ', at), text.size());
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end;
    return parse(word, 10).value_or(none);  // "unlimited" is no number.
  };
  const std::uint64_t soft = take_word();
  return {soft, take_word()};
}

std::optional<pid_t> thread_group_of(pid_t task) {
  return find_id(read_status(task), "Tgid");
}

std::optional<pid_t> parent_of(pid_t task) {
  return find_id(read_status(task), "PPid");
}

bool has_memory(pid_t task) {
  return find_field(read_status(task), "VmSize").has_value();
}

bool may_be_read(pid_t task) {
  const int file = open(fmt::format("/proc/{}/maps", task).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno != EACCES && errno != EPERM;
  close(file);
  return true;
}

bool has_pending_signal(pid_t task) {
  const std::string status = read_status(task);
  const std::uint64_t pending = find_mask(status, "SigPnd") | find_mask(status, "ShdPnd");
  return (pending & ~find_mask(status, "SigBlk")) != 0;
}

std::uint64_t capabilities_of(pid_t task) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = task};
  __user_cap_data_struct words[2]{};
  if (syscall(SYS_capget, &header, words) != 0) return 0;
  return words[0].effective | std::uint64_t{words[1].effective} << 32;
}

std::optional<std::uint64_t> effective_id(pid_t task, std::string_view field) {
  const std::string status = read_status(task);
  const std::size_t line = status.find(fmt::format("\n{}:\t", field));
  if (line == std::string::npos) return std::nullopt;
  const std::size_t real = line + field.size() + 3;
  const std::size_t tab = status.find('\t', real);
  if (tab == std::string::npos) return std::nullopt;
  return parse(std::string_view(status).substr(tab + 1), 10);
}

std::uint64_t personality_of(pid_t task) {
  return parse(read_file(fmt::format("/proc/{}/personality", task)), 16).value_or(0);
}

std::optional<std::uint64_t> read_number(const std::string& path) {
  return parse(read_file(path), 10);
}

}  // namespace follow
