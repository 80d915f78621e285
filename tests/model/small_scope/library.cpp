// SPDX-License-Identifier: MIT
#include "model/small_scope/library.hpp"

namespace vmarea::small_scope {
namespace {

using test::TestArea;
using test::TestSpace;

static_assert(TestSpace::base == Address{base_page} << 12);

constexpr Protection read_write = prot::read | prot::write;
constexpr MemoryPolicy first_node = 1;

Address address(unsigned page) {
  return TestSpace::column(page);
}

Range range(Pages pages) {
  return {address(pages.first), address(pages.upto)};
}

std::uint64_t bytes(Pages pages) {
  return range(pages).length();
}

Result<void> without_value(Result<Address> result) {
  return result ? success : Result<void>(result.error());
}

/// What the reference knows of an area; any flag besides is a mistake.
Page page_of(const TestArea& area) {
  Page page;
  page.mapped = true;
  page.writable = area.flags.has_any(flag::write);
  page.shared = area.flags.has_any(flag::shared);
  page.account = area.flags.has_any(flag::account);
  page.dont_copy = area.flags.has_any(flag::dont_copy);
  page.locked = area.flags.has_any(flag::locked);
  page.on_fault = area.flags.has_any(flag::lock_on_fault);
  page.guarded = area.flags.has_any(flag::maybe_guard);
  page.sealed = area.flags.has_any(flag::sealed);
  page.bound = area.attributes != nullptr;
  page.fork_child = area.identity.fork_child();
  page.identity = static_cast<int>(area.identity.value());
  const Flags known = flag::read | flag::write | flag::may_access | flag::shared | flag::may_share |
                      flag::account | flag::dont_copy | flag::lock_group | flag::maybe_guard |
                      flag::sealed | flag::soft_dirty;
  EXPECT_TRUE(area.flags.without(known).empty()) << "a flag that no call gives";
  EXPECT_TRUE(area.flags.has_all(flag::read | flag::may_access));
  EXPECT_EQ(page.shared, area.flags.has_any(flag::may_share));
  return page;
}

}  // namespace

Library::Library() {
  generations_.push_back(std::make_unique<TestSpace>());
  file_ = space().host().make_file();
  other_file_ = space().host().make_file();
}

Answer Library::take(const Call& call) {
  return static_cast<Answer>(make(call).code());
}

Result<void> Library::map(const Call& call) {
  const bool anonymous = call.verb == Verb::map || call.verb == Verb::map_readable;
  const bool shared = call.verb == Verb::map_file_shared;
  MmapRequest<test::TestServices> request{
      .address = address(call.at.first),
      .length = bytes(call.at),
      .protection = call.verb == Verb::map_readable ? prot::read : read_write,
      .flags = map::fixed | (shared ? map::shared : map::private_)};
  if (anonymous) {
    request.flags |= map::anonymous;
  } else {
    request.file = call.verb == Verb::map_other_file ? other_file_ : file_;
    request.offset = std::uint64_t{call.at.first} << 12;
  }
  return without_value(space().mmap(request));
}

Result<void> Library::remap(const Call& call) {
  MremapRequest request{.address = address(call.at.first),
                        .old_length = bytes(call.at),
                        .new_length = bytes(call.to)};
  if (call.verb != Verb::grow) {
    request.flags = remap::may_move | remap::fixed;
    request.new_address = address(call.to.first);
  }
  if (call.verb == Verb::keep) request.flags |= remap::dont_unmap;
  return without_value(space().mremap(request));
}

Result<void> Library::make(const Call& call) {
  const Range at = range(call.at);
  switch (call.verb) {
    case Verb::map:
    case Verb::map_readable:
    case Verb::map_file:
    case Verb::map_file_shared:
    case Verb::map_other_file:
      return map(call);
    case Verb::unmap:
      return space().munmap(at);
    case Verb::protect_readable:
      return space().mprotect(at, prot::read);
    case Verb::protect_writable:
      return space().mprotect(at, read_write);
    case Verb::write:
      return space().touch(at.start);
    case Verb::move:
    case Verb::keep:
    case Verb::duplicate:
    case Verb::grow:
      return remap(call);
    case Verb::dont_fork:
      return space().madvise(at, Advice::dont_fork);
    case Verb::do_fork:
      return space().madvise(at, Advice::do_fork);
    case Verb::lock:
      return space().mlock(at, MlockMode::lock);
    case Verb::lock_on_fault:
      return space().mlock(at, MlockMode::lock_on_fault);
    case Verb::unlock:
      return space().mlock(at, MlockMode::unlock);
    case Verb::guard:
      return space().madvise(at, Advice::guard_install);
    case Verb::seal:
      return space().mseal(at);
    case Verb::bind:
      return space().mbind(at, first_node);
    case Verb::fork:
      if (auto child = space().fork()) {
        generations_.push_back(std::move(child));
        return success;
      }
      return Error::no_memory;
    case Verb::count:
      break;
  }
  return Error::invalid;
}

Picture Library::picture() const {
  Picture picture;
  for (const TestArea& area : space().space().areas()) {
    Page page = page_of(area);
    if (area.file != nullptr) page.file = area.file == file_ ? 1 : 2;
    page.offset = static_cast<std::int64_t>(area.page_offset);
    page.begins = true;
    const std::uint64_t first = (area.start - TestSpace::base) >> 12;
    const std::uint64_t upto = (area.end - TestSpace::base) >> 12;
    for (std::uint64_t number = first; number < upto; ++number, ++page.offset) {
      if (number >= page_count) break;
      picture[number] = page;
      page.begins = false;
    }
    EXPECT_LE(upto, page_count) << "an area where no call put one";
  }
  return picture;
}

}  // namespace vmarea::small_scope
