// SPDX-License-Identifier: MIT
//
// What each of the two translation units does, in a namespace of its own: the templates of the
// library are what they share.
#pragma once

#include <utility>

#include "both.hpp"

namespace vmarea::mixed {
namespace {

constexpr Address base = 0x1000'0000;
constexpr std::uint64_t page = 0x1000;

Sizes sizes() noexcept {
  return {};
}

template <class Host>
Error make_call(AddressSpace<Host>& space, unsigned number) {
  const std::uint64_t dice = number * std::uint64_t{0x9e37'79b9'7f4a'7c15} >> 32;
  const Address at = base + dice % 61 * page;
  const std::uint64_t length = (1 + dice % 7) * page;
  const Protection protection{static_cast<std::uint32_t>(dice % 4)};
  switch (dice % 23 % 8) {
    case 0:
    case 1:
    case 2:
      return space
          .mmap({.address = at,
                 .length = length,
                 .protection = protection,
                 .flags = map::private_ | map::anonymous | map::fixed})
          .code();
    case 3:
      return space.mprotect(at, length, protection).code();
    case 4:
      return space.munmap(at, length).code();
    case 5:
      return space.madvise(at, length, Advice::dont_fork).code();
    case 6:
      return space.touch(at, Touch::write).code();
    default:
      return space
          .mremap(
              {.address = at, .old_length = page, .new_length = length, .flags = remap::may_move})
          .code();
  }
}

template <class Host>
std::string call(AddressSpace<Host>& space, unsigned number) {
  std::string text = std::to_string(static_cast<int>(make_call(space, number)));
  for (const Area<Host>& area : space.areas()) {
    const std::uint64_t words[] = {area.start, area.end, area.flags.bits(), area.identity.value()};
    for (const std::uint64_t word : words) text.append(1, ' ').append(std::to_string(word));
  }
  const Broken broken = check(space.state());
  const char* tree = space.state().tree.check();
  if (broken) text.append(" broken: ").append(broken.what);
  if (tree != nullptr) text.append(" broken: ").append(tree);
  return text;
}

Space::StepChange<void> reserve_unmap(Space& space, Range range) {
  Space::StepChange<void> change = space.plan_munmap(range.start, range.length());
  (void)change.reserve();
  return change;
}

bool commit(Space::StepChange<void> change) noexcept {
  return change.commit() && change.finish();
}

bool second_commit_is_busy(Space& space) noexcept {
  auto change = space.plan_munmap(base, page);
  return change.complete() && change.commit().code() == Error::busy;
}

Address value_of(const Result<Address>& result) noexcept {
  return *result;
}

Error error_of(const Result<Address>& result) noexcept {
  return result.error();
}

constexpr Unit this_unit(bool has_ndebug) noexcept {
  return {has_ndebug,    sizes,  call<shims::Userland>, call<shims::CheckedUserland>,
          reserve_unmap, commit, second_commit_is_busy, value_of,
          error_of};
}

}  // namespace
}  // namespace vmarea::mixed
