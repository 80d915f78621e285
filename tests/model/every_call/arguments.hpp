// SPDX-License-Identifier: MIT
//
// What the numbers of a random call mean as arguments, in a world:
//
//   struct AnyWorld {
//     using Host = ...;
//     AddressSpace<Host>& space();         where calls are made
//     Address column(std::uint64_t) const; where the pages of the window lie
//     unsigned page_shift() const;
//     FileHandle file(std::uint64_t choice) const, segment(std::uint64_t choice) const;
//     bool seals() const;                  whether calls are made that cannot be taken back
//     enum class GoOn;                     after a fork: in_parent, in_child
//     auto& host;                          its faults are a FaultPlan
//   };
#pragma once

#include <array>

#include "model/every_call/call.hpp"
#include "support/test_services.hpp"

namespace vmarea::test::every_call {

inline constexpr std::uint64_t brk_column = 30;

inline Result<MemoryPolicy> policy_at(MemoryPolicy policy, std::uint64_t node) noexcept {
  if (policy % 4 == 3) return Error::not_supported;
  return MemoryPolicy{policy % 4 + 4 * node};
}

template <class World>
class Arguments {
 public:
  using Host = typename World::Host;

  Arguments(const World& world, const Call& call)
      : world_(world),
        call_(call),
        start_(world.column(call.from) + call.crooked_start),
        length_(bytes(call.pages) - call.crooked_length) {}

  Address start() const { return start_; }
  std::uint64_t length() const { return length_; }
  std::uint64_t whole_length() const { return bytes(call_.pages); }
  RemapFileRequest remap_file() const {
    RemapFileRequest request{.address = start_, .length = length_, .page_offset = call_.to};
    if (number(1, 12) == 0) request.protection = protection();
    if (number(2, 4) == 0) request.flags = map::non_block;
    if (number(2, 16) == 1) request.page_offset = ~std::uint64_t{0} >> number(3, 8);
    return request;
  }
  std::array<Range, 2> two_ranges() const {
    const Address second = world_.column(call_.to);
    return {Range{start_, start_ + length_}, Range{second, second + bytes(call_.to_pages)}};
  }
  /// One of few places, so that what was attached there is found again.
  Address segment_start() const { return world_.column(call_.from % 5 * 8) + call_.crooked_start; }
  std::uint64_t shift() const { return bytes(call_.to_pages); }
  /// A part of the random number, below `limit`. Requires: limit < 256.
  std::uint64_t number(unsigned part, std::uint64_t limit) const {
    return (call_.choice >> 8 * part) % 256 % limit;
  }

  Protection protection() const {
    constexpr Protection rw = prot::read | prot::write;
    constexpr Protection list[] = {
        rw,         prot::read,  prot::none,     rw, prot::read | prot::exec,
        prot::exec, prot::write, rw | prot::exec};
    return pick(list, 0);
  }

  Protection odd_protection() const {
    constexpr Protection odd[] = {prot::semaphore, prot::grows_down, prot::grows_up,
                                  prot::grows_up | prot::grows_down};
    return number(1, 16) == 0 ? protection() | pick(odd, 2) : protection();
  }

  MmapRequest<Host> mmap() const {
    MmapRequest<Host> request{.address = start_,
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
        request.offset = bytes(call_.from + number(3, 2));
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
        if (pick(odd, 1) == map::droppable) request.flags = map::anonymous | map::fixed;
        request.flags |= pick(odd, 1);
        break;
      default:
        break;
    }
    return request;
  }

  MremapRequest mremap() const {
    MremapRequest request{.address = start_,
                          .old_length = length_,
                          .new_length = bytes(call_.to_pages),
                          .flags = remap::may_move,
                          .new_address = world_.column(call_.to)};
    switch (call_.kind) {
      case Kind::resize:
        request.flags = {};
        break;
      case Kind::move_fixed:
        request.flags |= remap::fixed;
        request.new_length = request.old_length = length_ + bytes(number(1, 8));
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
        request.new_length = request.old_length = length_ + bytes(number(1, 4));
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

  Address new_break() const {
    return world_.column(brk_column - 1 + number(1, 14)) + number(2, 3) * 0x321;
  }

  Advice advice() const {
    constexpr Advice others[] = {
        Advice::normal,       Advice::random,    Advice::sequential,  Advice::will_need,
        Advice::dont_need,    Advice::free,      Advice::remove,      Advice::dont_fork,
        Advice::do_fork,      Advice::mergeable, Advice::unmergeable, Advice::huge_page,
        Advice::no_huge_page, Advice::dont_dump, Advice::do_dump,     Advice::wipe_on_fork,
        Advice::keep_on_fork, Advice::cold,      Advice::page_out,    Advice::dont_need_locked,
        Advice::collapse,     Advice{77}};
    constexpr Advice guards[] = {Advice::guard_install, Advice::guard_install,
                                 Advice::guard_remove};
    constexpr Advice populating[] = {Advice::populate_read, Advice::populate_write};
    if (call_.kind == Kind::advise_guard) return pick(guards, 1);
    return call_.kind == Kind::populate ? pick(populating, 1) : pick(others, 1);
  }

  MlockMode mlock_mode() const {
    if (call_.kind == Kind::unlock) return MlockMode::unlock;
    return number(1, 3) == 0 ? MlockMode::lock_on_fault : MlockMode::lock;
  }

  UserfaultContext context() const { return number(1, 16) == 0 ? 0 : 1 + number(2, 3); }
  UserfaultRequest userfault() const {
    constexpr UserfaultModes modes[] = {uffd::missing, uffd::protect, uffd::missing | uffd::protect,
                                        uffd::protect, uffd::minor,   uffd::missing | uffd::minor};
    return {start_, whole_length(), context(), pick(modes, 3)};
  }

  HomeNode home_node() const { return {policy_at, number(1, 3)}; }

  AttachRequest<Host> attach() const {
    AttachRequest<Host> request{.address = number(1, 8) == 0 ? 0 : segment_start(),
                                .segment = world_.segment(number(2, 2))};
    request.access = static_cast<typename AttachRequest<Host>::Access>(number(3, 4));
    request.rounds_address = number(4, 2) == 0;
    request.replaces_existing = number(4, 4) < 2;
    return request;
  }

  Description<Host> area() const {
    constexpr Flags list[] = {flag::read | flag::write,
                              flag::read,
                              flag::read | flag::exec,
                              flag::read | flag::write | flag::account,
                              flag::read | flag::write | flag::grows_down | flag::account,
                              flag::read | flag::soft_dirty,
                              flag::read | flag::write | flag::locked,
                              flag::read | flag::dont_expand | flag::page_frames};
    Description<Host> area{.start = start_, .end = start_ + whole_length()};
    area.flags = pick(list, 1) | flag::may_access;
    area.page_offset = world_.column(call_.from) >> world_.page_shift();
    if (number(2, 2) == 0) {
      area.file = world_.file(number(3, 3));
      area.hooks = &no_hooks<Host>;
    }
    return area;
  }

  SpecialRequest<Host> special() const {
    SpecialRequest<Host> request{start_, length_, flag::read | flag::may_read};
    if (number(1, 8) == 0) request.hooks = nullptr;
    return request;
  }

  Touch touch() const {
    constexpr Touch list[] = {Touch::write, Touch::write, Touch::read, Touch::forced_write,
                              Touch::read_small_page};
    return pick(list, 1);
  }

 private:
  std::uint64_t bytes(std::uint64_t pages) const { return pages << world_.page_shift(); }
  template <std::size_t Count, class T>
  const T& pick(const T (&list)[Count], unsigned part) const {
    return list[number(part, Count)];
  }

  const World& world_;
  const Call& call_;
  const Address start_;
  const std::uint64_t length_;
};

}  // namespace vmarea::test::every_call
