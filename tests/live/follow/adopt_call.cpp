// SPDX-License-Identifier: MIT
#include "adopt_call.hpp"

#include <string>

#include <sys/syscall.h>

#include "attributes.hpp"

namespace follow {
namespace {

using vmarea::Attributes;

constexpr vmarea::Geometry geometry{};

/// Sets one attribute of all areas in `range`; the kernel has cut them at its ends already.
void adopt_attribute(FollowedSpace& space, vmarea::Range range,
                     std::uint64_t Attributes::*attribute, std::uint64_t value) {
  space.take_from_kernel([&](AreaDescription& area) {
    if (!range.contains(area.range())) return;
    Attributes attributes = area.attributes != nullptr ? *area.attributes : Attributes{};
    attributes.*attribute = value;
    area.attributes = attributes.empty() ? nullptr : KeptAttributes::intern_attributes(attributes);
  });
}

vmarea::Range range_of(std::uint64_t start, std::uint64_t length) {
  return {start, geometry.round_up(start + length)};
}

void adopt_prctl(FollowedSpace& space, pid_t task, const Call& call) {
  constexpr std::uint64_t set_name = 0x53564d41, set_memory = 35;
  constexpr std::uint64_t start_of_stack = 5, start_of_break = 6, present_break = 7;
  const auto& arguments = call.arguments;
  if (arguments[0] == set_name) {
    const std::string name = arguments[4] != 0 ? read_memory(task, arguments[4], 80) : "";
    adopt_attribute(space, range_of(arguments[2], arguments[3]), &Attributes::name,
                    number_of(name.substr(0, name.find('\0'))));
    return;
  }
  auto& state = space.space().state();
  if (arguments[0] == set_memory && arguments[1] == start_of_stack) {
    state.layout.start_stack = arguments[2];
  } else if (arguments[0] == set_memory && arguments[1] == start_of_break) {
    state.layout.start_brk = arguments[2];
  } else if (arguments[0] == set_memory && arguments[1] == present_break) {
    state.layout.brk = arguments[2];
  }
  space.take_from_kernel();
}

}  // namespace

void adopt_call(FollowedSpace& space, pid_t task, const Call& call, std::int64_t kernel_raw) {
  const bool failed = kernel_raw < 0 && kernel_raw >= -4095;
  if (failed) return space.take_from_kernel();
  switch (call.kind->number) {
    case SYS_prctl:
      return adopt_prctl(space, task, call);
    default:
      return space.take_from_kernel();
  }
}

}  // namespace follow
