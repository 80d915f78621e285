// SPDX-License-Identifier: MIT
#include "adopt_call.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace follow {
namespace {

using vmarea::Attributes;

constexpr vmarea::Geometry geometry{};

/// Equal content is one pointer, and none is null; they live as long as we do.
const Attributes* intern(const Attributes& wanted) {
  if (wanted == Attributes{}) return nullptr;
  static std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, Attributes> known;
  const auto key = std::tuple(wanted.policy, wanted.userfault_context, wanted.name);
  return &known.try_emplace(key, wanted).first->second;
}

/// A number for each text; 0 for none.
std::uint64_t number_of(const std::string& text) {
  static std::map<std::string, std::uint64_t> known;
  if (text.empty()) return 0;
  return known.try_emplace(text, known.size() + 1).first->second;
}

std::string read_memory(pid_t task, std::uint64_t address, std::size_t length) {
  std::string bytes(length, '\0');
  iovec ours{bytes.data(), length};
  iovec theirs{reinterpret_cast<void*>(address), length};
  const ssize_t count = process_vm_readv(task, &ours, 1, &theirs, 1, 0);
  bytes.resize(static_cast<std::size_t>(count > 0 ? count : 0));
  return bytes;
}

/// Sets one attribute of all areas in `range`; the kernel has cut them at its ends already.
void adopt_attribute(FollowedSpace& space, vmarea::Range range,
                     std::uint64_t Attributes::*attribute, std::uint64_t value) {
  space.take_from_kernel([&](AreaDescription& area) {
    if (!range.contains(area.range())) return;
    Attributes attributes = area.attributes != nullptr ? *area.attributes : Attributes{};
    attributes.*attribute = value;
    area.attributes = intern(attributes);
  });
}

vmarea::Range range_of(std::uint64_t start, std::uint64_t length) {
  return {start, geometry.round_up(start + length)};
}

void adopt_policy(FollowedSpace& space, pid_t task, const Call& call) {
  const auto& [start, length, mode, mask, bits, flags] = call.arguments;
  static_cast<void>(flags);
  constexpr std::uint64_t default_policy = 0;
  const std::string nodes = mask != 0 ? read_memory(task, mask, (bits + 7) / 8) : std::string();
  const std::string policy =
      mode == default_policy ? std::string() : fmt::format("{}:{}", mode, nodes);
  adopt_attribute(space, range_of(start, length), &Attributes::policy, number_of(policy));
}

void adopt_userfault(FollowedSpace& space, pid_t task, const Call& call) {
  constexpr std::uint64_t register_request = 0xaa00;
  std::array<std::uint64_t, 2> range{};
  const std::string bytes = read_memory(task, call.arguments[2], sizeof range);
  if (bytes.size() != sizeof range) return space.take_from_kernel();
  bytes.copy(reinterpret_cast<char*>(range.data()), sizeof range);
  const bool registers = (call.arguments[1] & 0xffff) == register_request;
  adopt_attribute(space, range_of(range[0], range[1]), &Attributes::userfault_context,
                  registers ? call.arguments[0] + 1 : 0);
}

void adopt_prctl(FollowedSpace& space, pid_t task, const Call& call) {
  constexpr std::uint64_t set_name = 0x53564d41, set_memory = 35, set_merge = 67;
  constexpr std::uint64_t start_of_break = 6, present_break = 7;
  const auto& arguments = call.arguments;
  if (arguments[0] == set_name) {
    const std::string name = arguments[4] != 0 ? read_memory(task, arguments[4], 80) : "";
    adopt_attribute(space, range_of(arguments[2], arguments[3]), &Attributes::name,
                    number_of(name.substr(0, name.find('\0'))));
    return;
  }
  auto& state = space.space().state();
  if (arguments[0] == set_memory && arguments[1] == start_of_break) {
    state.layout.start_brk = arguments[2];
  } else if (arguments[0] == set_memory && arguments[1] == present_break) {
    state.layout.brk = arguments[2];
  } else if (arguments[0] == set_merge) {
    const vmarea::Flags mergeable = vmarea::flag::mergeable;
    state.default_flags =
        state.default_flags.without(mergeable).with_if(arguments[1] != 0, mergeable);
  }
  space.take_from_kernel();
}

}  // namespace

void adopt_call(FollowedSpace& space, pid_t task, const Call& call, std::int64_t kernel_raw) {
  const bool failed = kernel_raw < 0 && kernel_raw >= -4095;
  if (failed) return space.take_from_kernel();
  switch (call.kind->number) {
    case SYS_mbind:
      return adopt_policy(space, task, call);
    case SYS_ioctl:
      return adopt_userfault(space, task, call);
    case SYS_prctl:
      return adopt_prctl(space, task, call);
    default:
      return space.take_from_kernel();
  }
}

}  // namespace follow
