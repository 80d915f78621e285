// SPDX-License-Identifier: MIT
#include "model/every_call/arguments.hpp"

namespace vmarea::test::every_call {

namespace {

template <std::size_t Count, class T>
const T& pick(const T (&list)[Count], const Arguments& arguments, unsigned part) {
  return list[arguments.number(part, Count)];
}

Result<MemoryPolicy> policy_at(MemoryPolicy policy, std::uint64_t node) noexcept {
  if (policy % 4 == 3) return Error::not_supported;
  return MemoryPolicy{policy % 4 + 4 * node};
}

}  // namespace

Protection Arguments::protection() const {
  constexpr Protection rw = prot::read | prot::write;
  constexpr Protection list[] = {
      rw,         prot::read,  prot::none,     rw, prot::read | prot::exec,
      prot::exec, prot::write, rw | prot::exec};
  return pick(list, *this, 0);
}

Protection Arguments::odd_protection() const {
  constexpr Protection odd[] = {prot::semaphore, prot::grows_down, prot::grows_up,
                                prot::grows_up | prot::grows_down};
  return number(1, 16) == 0 ? protection() | pick(odd, *this, 2) : protection();
}

MmapRequest<TestServices> Arguments::mmap() const {
  MmapRequest<TestServices> request{.address = start_,
                                    .length = length_,
                                    .protection = protection(),
                                    .flags = map::private_ | map::anonymous | map::fixed};
  constexpr MapFlags odd[] = {
      map::populate,        map::locked,     map::no_reserve, map::stack,
      map::fixed_noreplace, map::grows_down, map::huge_tlb,   map::droppable,
      map::grows_down,      map::low_32bit,  map::sync};
  switch (call_.kind) {
    case Kind::map_shared:
      request.flags = map::shared | map::anonymous | map::fixed;
      break;
    case Kind::map_file:
      request.flags = (number(1, 2) == 0 ? map::shared : map::private_) | map::fixed;
      request.file = world_.file(number(2, 255));
      request.offset = (call_.from + number(3, 2)) << 12;
      break;
    case Kind::map_anywhere:
      request.flags = map::private_ | map::anonymous;
      if (number(1, 2) != 0) {
        request.flags = map::shared;
        request.file = world_.file(number(2, 255));
      }
      if (number(3, 2) == 0) request.address = 0;
      break;
    case Kind::map_oddly:
      if (pick(odd, *this, 1) == map::droppable) request.flags = map::anonymous | map::fixed;
      request.flags |= pick(odd, *this, 1);
      break;
    default:
      break;
  }
  return request;
}

MremapRequest Arguments::mremap() const {
  MremapRequest request{.address = start_,
                        .old_length = length_,
                        .new_length = call_.to_pages << 12,
                        .flags = remap::may_move,
                        .new_address = column(call_.to)};
  switch (call_.kind) {
    case Kind::resize:
      request.flags = {};
      break;
    case Kind::move_fixed:
      request.flags |= remap::fixed;
      request.new_length = request.old_length = length_ + (number(1, 8) << 12);
      break;
    case Kind::move_resized:
      request.flags |= remap::fixed;
      break;
    case Kind::keep:
      request.flags |= remap::dont_unmap;
      request.new_length = request.old_length;
      break;
    case Kind::keep_fixed:
      request.flags |= remap::dont_unmap | remap::fixed;
      request.new_length = request.old_length = length_ + (number(1, 4) << 12);
      break;
    case Kind::duplicate:
      request.old_length = 0;
      if (number(1, 2) == 0) request.flags |= remap::fixed;
      break;
    default:
      break;
  }
  return request;
}

Address Arguments::new_break() const {
  return column(brk_column - 1 + number(1, 14)) + number(2, 3) * 0x321;
}

Advice Arguments::advice() const {
  constexpr Advice others[] = {
      Advice::normal,       Advice::random,    Advice::sequential,  Advice::will_need,
      Advice::dont_need,    Advice::free,      Advice::remove,      Advice::dont_fork,
      Advice::do_fork,      Advice::mergeable, Advice::unmergeable, Advice::huge_page,
      Advice::no_huge_page, Advice::dont_dump, Advice::do_dump,     Advice::wipe_on_fork,
      Advice::keep_on_fork, Advice::cold,      Advice::page_out,    Advice::dont_need_locked,
      Advice::collapse,     Advice{77}};
  constexpr Advice guards[] = {Advice::guard_install, Advice::guard_install, Advice::guard_remove};
  constexpr Advice populating[] = {Advice::populate_read, Advice::populate_write};
  if (call_.kind == Kind::advise_guard) return pick(guards, *this, 1);
  return call_.kind == Kind::populate ? pick(populating, *this, 1) : pick(others, *this, 1);
}

MlockMode Arguments::mlock_mode() const {
  if (call_.kind == Kind::unlock) return MlockMode::unlock;
  return number(1, 3) == 0 ? MlockMode::lock_on_fault : MlockMode::lock;
}

UserfaultRequest Arguments::userfault() const {
  constexpr UserfaultModes modes[] = {uffd::missing, uffd::protect, uffd::missing | uffd::protect,
                                      uffd::protect, uffd::minor,   uffd::missing | uffd::minor};
  return {start_, whole_length(), context(), pick(modes, *this, 3)};
}

HomeNode Arguments::home_node() const {
  return {policy_at, number(1, 3)};
}

AttachRequest<TestServices> Arguments::attach() const {
  AttachRequest<TestServices> request{.address = number(1, 8) == 0 ? 0 : segment_start(),
                                      .segment = world_.segment(number(2, 2))};
  request.access = static_cast<AttachRequest<TestServices>::Access>(number(3, 4));
  request.rounds_address = number(4, 2) == 0;
  request.replaces_existing = number(4, 4) < 2;
  return request;
}

TestDescription Arguments::area() const {
  constexpr Flags list[] = {flag::read | flag::write,
                            flag::read,
                            flag::read | flag::exec,
                            flag::read | flag::write | flag::account,
                            flag::read | flag::write | flag::grows_down | flag::account,
                            flag::read | flag::soft_dirty,
                            flag::read | flag::write | flag::locked,
                            flag::read | flag::dont_expand | flag::page_frames};
  TestDescription area{.start = start_, .end = start_ + whole_length()};
  area.flags = pick(list, *this, 1) | flag::may_access;
  area.page_offset = first_page + call_.from;
  if (number(2, 2) == 0) {
    area.file = world_.file(number(3, 3));
    area.hooks = &no_hooks<TestServices>;
  }
  return area;
}

SpecialRequest<TestServices> Arguments::special() const {
  SpecialRequest<TestServices> request{start_, length_, flag::read | flag::may_read};
  if (number(1, 8) == 0) request.hooks = nullptr;
  return request;
}

Touch Arguments::touch() const {
  constexpr Touch list[] = {Touch::write, Touch::write, Touch::read, Touch::forced_write,
                            Touch::read_small_page};
  return pick(list, *this, 1);
}

}  // namespace vmarea::test::every_call
