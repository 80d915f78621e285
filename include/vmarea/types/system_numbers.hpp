// SPDX-License-Identifier: MIT
//
// The arguments of the system calls, from the system's integers and back. The numbers are those of
// x86-64 Linux; the tables say which of the system's names is which of ours.
//
//   Result<Protection> protection = protection_from(PROT_READ | PROT_WRITE);
//   mprotect(at, length, system_number(*protection));
//
// An unknown bit or number is refused here. Linux itself passes over some of them (mmap's flags
// without MAP_SHARED_VALIDATE): what a guest is to get away with there goes unlooked at into
// MapFlags(bits), and the call decides.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "vmarea/types/flags.hpp"
#include "vmarea/types/result.hpp"

namespace vmarea {

/// A name of the system's headers, and what it is here.
template <class T>
struct SystemName {
  const char* name;
  T value;
};

inline constexpr SystemName<Protection> protection_names[] = {
    {"PROT_NONE", prot::none},        {"PROT_READ", prot::read},
    {"PROT_WRITE", prot::write},      {"PROT_EXEC", prot::exec},
    {"PROT_SEM", prot::semaphore},    {"PROT_GROWSDOWN", prot::grows_down},
    {"PROT_GROWSUP", prot::grows_up},
};

/// With MAP_HUGETLB, the bits of MAP_HUGE_MASK from MAP_HUGE_SHIFT on say how large its pages are;
/// MAP_UNINITIALIZED is one of them.
inline constexpr SystemName<MapFlags> map_flag_names[] = {
    {"MAP_SHARED", map::shared},
    {"MAP_PRIVATE", map::private_},
    {"MAP_SHARED_VALIDATE", map::shared_validate},
    {"MAP_DROPPABLE", map::droppable},
    {"MAP_FIXED", map::fixed},
    {"MAP_ANONYMOUS", map::anonymous},
    {"MAP_32BIT", map::low_32bit},
    {"MAP_ABOVE4G", map::above_4g},
    {"MAP_GROWSDOWN", map::grows_down},
    {"MAP_DENYWRITE", map::deny_write},
    {"MAP_EXECUTABLE", map::executable},
    {"MAP_LOCKED", map::locked},
    {"MAP_NORESERVE", map::no_reserve},
    {"MAP_POPULATE", map::populate},
    {"MAP_NONBLOCK", map::non_block},
    {"MAP_STACK", map::stack},
    {"MAP_HUGETLB", map::huge_tlb},
    {"MAP_SYNC", map::sync},
    {"MAP_FIXED_NOREPLACE", map::fixed_noreplace},
    {"MAP_UNINITIALIZED", map::uninitialized},
    {"MAP_HUGE_MASK << MAP_HUGE_SHIFT", map::huge_size_mask},
};

inline constexpr SystemName<RemapFlags> remap_flag_names[] = {
    {"MREMAP_MAYMOVE", remap::may_move},
    {"MREMAP_FIXED", remap::fixed},
    {"MREMAP_DONTUNMAP", remap::dont_unmap},
};

inline constexpr SystemName<MlockFlags> mlock_flag_names[] = {
    {"MLOCK_ONFAULT", mlock::on_fault},
};

inline constexpr SystemName<MlockallFlags> mlockall_flag_names[] = {
    {"MCL_CURRENT", mlockall::current},
    {"MCL_FUTURE", mlockall::future},
    {"MCL_ONFAULT", mlockall::on_fault},
};

inline constexpr SystemName<MsyncFlags> msync_flag_names[] = {
    {"MS_ASYNC", ms::async},
    {"MS_INVALIDATE", ms::invalidate},
    {"MS_SYNC", ms::sync},
};

inline constexpr SystemName<Advice> advice_names[] = {
    {"MADV_NORMAL", Advice::normal},
    {"MADV_RANDOM", Advice::random},
    {"MADV_SEQUENTIAL", Advice::sequential},
    {"MADV_WILLNEED", Advice::will_need},
    {"MADV_DONTNEED", Advice::dont_need},
    {"MADV_FREE", Advice::free},
    {"MADV_REMOVE", Advice::remove},
    {"MADV_DONTFORK", Advice::dont_fork},
    {"MADV_DOFORK", Advice::do_fork},
    {"MADV_MERGEABLE", Advice::mergeable},
    {"MADV_UNMERGEABLE", Advice::unmergeable},
    {"MADV_HUGEPAGE", Advice::huge_page},
    {"MADV_NOHUGEPAGE", Advice::no_huge_page},
    {"MADV_DONTDUMP", Advice::dont_dump},
    {"MADV_DODUMP", Advice::do_dump},
    {"MADV_WIPEONFORK", Advice::wipe_on_fork},
    {"MADV_KEEPONFORK", Advice::keep_on_fork},
    {"MADV_COLD", Advice::cold},
    {"MADV_PAGEOUT", Advice::page_out},
    {"MADV_POPULATE_READ", Advice::populate_read},
    {"MADV_POPULATE_WRITE", Advice::populate_write},
    {"MADV_DONTNEED_LOCKED", Advice::dont_need_locked},
    {"MADV_COLLAPSE", Advice::collapse},
    {"MADV_GUARD_INSTALL", Advice::guard_install},
    {"MADV_GUARD_REMOVE", Advice::guard_remove},
};

/// A number as the system's headers, a system call's register or a guest's may hold it.
template <class Number>
concept SystemNumber = std::integral<Number> && !std::same_as<Number, bool>;

/// The set of bits that `number` stands for, if the table names all of them. Errors: invalid.
template <class Bits, std::size_t Count, SystemNumber Number>
constexpr Result<Bits> bits_from(const SystemName<Bits> (&names)[Count], Number number) noexcept {
  Bits known{};
  for (const SystemName<Bits>& each : names) known |= each.value;
  const std::uint64_t bits = static_cast<std::make_unsigned_t<Number>>(number);
  if ((bits & ~std::uint64_t{known.bits()}) != 0) return Error::invalid;
  return Bits(static_cast<decltype(known.bits())>(bits));
}

/// PROT_. Errors: invalid (an unknown bit).
constexpr Result<Protection> protection_from(SystemNumber auto number) noexcept {
  return bits_from(protection_names, number);
}
/// MAP_. Errors: invalid (an unknown bit); of the type, that is for the call to say.
constexpr Result<MapFlags> map_flags_from(SystemNumber auto number) noexcept {
  return bits_from(map_flag_names, number);
}
/// MREMAP_. Errors: invalid (an unknown bit).
constexpr Result<RemapFlags> remap_flags_from(SystemNumber auto number) noexcept {
  return bits_from(remap_flag_names, number);
}
/// MLOCK_. Errors: invalid (an unknown bit).
constexpr Result<MlockFlags> mlock_flags_from(SystemNumber auto number) noexcept {
  return bits_from(mlock_flag_names, number);
}
/// MCL_. Errors: invalid (an unknown bit).
constexpr Result<MlockallFlags> mlockall_flags_from(SystemNumber auto number) noexcept {
  return bits_from(mlockall_flag_names, number);
}
/// MS_. Errors: invalid (an unknown bit).
constexpr Result<MsyncFlags> msync_flags_from(SystemNumber auto number) noexcept {
  return bits_from(msync_flag_names, number);
}
/// MADV_. Errors: invalid (an unknown number).
constexpr Result<Advice> advice_from(SystemNumber auto number) noexcept {
  for (const SystemName<Advice>& each : advice_names) {
    if (std::cmp_equal(static_cast<std::int32_t>(each.value), number)) return each.value;
  }
  return Error::invalid;
}

// Back, in the type that the system call's function takes.
constexpr int system_number(Protection protection) noexcept {
  return static_cast<int>(protection.bits());
}
constexpr int system_number(MapFlags flags) noexcept {
  return static_cast<int>(flags.bits());
}
constexpr int system_number(RemapFlags flags) noexcept {
  return static_cast<int>(flags.bits());
}
constexpr unsigned system_number(MlockFlags flags) noexcept {
  return flags.bits();
}
constexpr int system_number(MlockallFlags flags) noexcept {
  return static_cast<int>(flags.bits());
}
constexpr int system_number(MsyncFlags flags) noexcept {
  return static_cast<int>(flags.bits());
}
constexpr int system_number(Advice advice) noexcept {
  return static_cast<std::int32_t>(advice);
}

}  // namespace vmarea
