// SPDX-License-Identifier: MIT
//
// The flags of an area, the groups that rules speak of, and the arguments of the calls.
// Bit numbers are those of x86-64 Linux (rules 1.3).
#pragma once

#include <cstdint>

#include "vmarea/types/bit_set.hpp"

namespace vmarea {

/// What an area allows and how it is treated.
using Flags = BitSet<struct FlagsTag, std::uint64_t>;

namespace flag {
constexpr Flags bit(unsigned number) {
  return Flags(std::uint64_t{1} << number);
}

inline constexpr Flags read = bit(0);
inline constexpr Flags write = bit(1);
inline constexpr Flags exec = bit(2);
inline constexpr Flags shared = bit(3);
inline constexpr Flags may_read = bit(4);
inline constexpr Flags may_write = bit(5);
inline constexpr Flags may_exec = bit(6);
inline constexpr Flags may_share = bit(7);
inline constexpr Flags grows_down = bit(8);
inline constexpr Flags userfault_missing = bit(9);
inline constexpr Flags page_frames = bit(10);  // PFNMAP
inline constexpr Flags maybe_guard = bit(11);
inline constexpr Flags userfault_protect = bit(12);
inline constexpr Flags locked = bit(13);
inline constexpr Flags io = bit(14);
inline constexpr Flags sequential_read = bit(15);
inline constexpr Flags random_read = bit(16);
inline constexpr Flags dont_copy = bit(17);
inline constexpr Flags dont_expand = bit(18);
inline constexpr Flags lock_on_fault = bit(19);
inline constexpr Flags account = bit(20);
inline constexpr Flags no_reserve = bit(21);
inline constexpr Flags huge_tlb = bit(22);
inline constexpr Flags sync = bit(23);
inline constexpr Flags wipe_on_fork = bit(25);
inline constexpr Flags dont_dump = bit(26);
inline constexpr Flags soft_dirty = bit(27);
inline constexpr Flags mixed_map = bit(28);
inline constexpr Flags huge_page = bit(29);
inline constexpr Flags no_huge_page = bit(30);
inline constexpr Flags mergeable = bit(31);     // Same-page merging, not area merging.
inline constexpr Flags execute_only = bit(32);  // Its protection key keeps it from being read.
inline constexpr Flags shadow_stack = bit(37);
inline constexpr Flags droppable = bit(40);
inline constexpr Flags userfault_minor = bit(41);
inline constexpr Flags sealed = bit(42);

inline constexpr Flags access = read | write | exec;
inline constexpr Flags protection = access | execute_only;
inline constexpr Flags may_access = may_read | may_write | may_exec;
/// Never merged, never locked.
inline constexpr Flags special = io | dont_expand | page_frames | mixed_map;
inline constexpr Flags lock_group = locked | lock_on_fault;
/// Do not stop a merge, and stay on the merged area if any part had them.
inline constexpr Flags sticky = soft_dirty | maybe_guard;
inline constexpr Flags userfault = userfault_missing | userfault_protect | userfault_minor;
inline constexpr Flags temporary_stack = random_read | sequential_read;
inline constexpr Flags shared_may_write = shared | may_write;
}  // namespace flag

/// PROT_* of mmap and mprotect.
using Protection = BitSet<struct ProtectionTag, std::uint32_t>;

namespace prot {
inline constexpr Protection none{};
inline constexpr Protection read{0x1};
inline constexpr Protection write{0x2};
inline constexpr Protection exec{0x4};
inline constexpr Protection semaphore{0x8};
inline constexpr Protection grows_down{0x01000000};
inline constexpr Protection grows_up{0x02000000};
}  // namespace prot

/// MAP_* of mmap.
using MapFlags = BitSet<struct MapFlagsTag, std::uint32_t>;

namespace map {
inline constexpr MapFlags shared{0x01};
inline constexpr MapFlags private_{0x02};
inline constexpr MapFlags shared_validate{0x03};
inline constexpr MapFlags droppable{0x08};
inline constexpr MapFlags type_mask{0x0f};
inline constexpr MapFlags fixed{0x10};
inline constexpr MapFlags anonymous{0x20};
inline constexpr MapFlags low_32bit{0x40};
inline constexpr MapFlags above_4g{0x80};
inline constexpr MapFlags grows_down{0x0100};
inline constexpr MapFlags deny_write{0x0800};
inline constexpr MapFlags executable{0x1000};
inline constexpr MapFlags locked{0x2000};
inline constexpr MapFlags no_reserve{0x4000};
inline constexpr MapFlags populate{0x8000};
inline constexpr MapFlags non_block{0x10000};
inline constexpr MapFlags stack{0x20000};
inline constexpr MapFlags huge_tlb{0x40000};
inline constexpr MapFlags sync{0x80000};
inline constexpr MapFlags fixed_noreplace{0x100000};
inline constexpr MapFlags uninitialized{0x4000000};
inline constexpr MapFlags huge_size_mask{0xfc000000};  // Of huge_tlb: how large its pages are.
/// The flags that every file accepts with shared_validate.
inline constexpr MapFlags legacy = type_mask.without(MapFlags{0x0c}) | fixed | anonymous |
                                   low_32bit | above_4g | grows_down | deny_write | executable |
                                   locked | no_reserve | populate | non_block | stack | huge_tlb |
                                   uninitialized | huge_size_mask;
}  // namespace map

/// MREMAP_* of mremap.
using RemapFlags = BitSet<struct RemapFlagsTag, std::uint32_t>;

namespace remap {
inline constexpr RemapFlags may_move{1};
inline constexpr RemapFlags fixed{2};
inline constexpr RemapFlags dont_unmap{4};
inline constexpr RemapFlags all = may_move | fixed | dont_unmap;
}  // namespace remap

/// UFFDIO_REGISTER_MODE_* of userfaultfd.
using UserfaultModes = BitSet<struct UserfaultModesTag, std::uint64_t>;

namespace uffd {
inline constexpr UserfaultModes missing{1};
inline constexpr UserfaultModes protect{2};
inline constexpr UserfaultModes minor{4};
inline constexpr UserfaultModes all = missing | protect | minor;
}  // namespace uffd

/// MLOCK_* of mlock2.
using MlockFlags = BitSet<struct MlockFlagsTag, std::uint32_t>;

namespace mlock {
inline constexpr MlockFlags on_fault{1};
}  // namespace mlock

/// MCL_* of mlockall.
using MlockallFlags = BitSet<struct MlockallFlagsTag, std::uint32_t>;

namespace mlockall {
inline constexpr MlockallFlags current{1};
inline constexpr MlockallFlags future{2};
inline constexpr MlockallFlags on_fault{4};
inline constexpr MlockallFlags all = current | future | on_fault;
}  // namespace mlockall

/// MS_* of msync.
using MsyncFlags = BitSet<struct MsyncFlagsTag, std::uint32_t>;

namespace ms {
inline constexpr MsyncFlags async{1};
inline constexpr MsyncFlags invalidate{2};
inline constexpr MsyncFlags sync{4};
inline constexpr MsyncFlags all = async | invalidate | sync;
}  // namespace ms

/// The flags of mseal; none are known.
using SealFlags = BitSet<struct SealFlagsTag, std::uint64_t>;

/// The flags of process_madvise; none are known.
using ProcessAdviceFlags = BitSet<struct ProcessAdviceFlagsTag, std::uint32_t>;

/// PR_MDWE_* of prctl(PR_SET_MDWE).
using WriteExecFlags = BitSet<struct WriteExecFlagsTag, std::uint64_t>;

namespace write_exec {
inline constexpr WriteExecFlags refuse_exec_gain{1};
inline constexpr WriteExecFlags no_inherit{2};
}  // namespace write_exec

/// MADV_* of madvise; any number may be passed, unknown ones are refused by the call.
enum class Advice : std::int32_t {
  normal = 0,
  random = 1,
  sequential = 2,
  will_need = 3,
  dont_need = 4,
  free = 8,
  remove = 9,
  dont_fork = 10,
  do_fork = 11,
  mergeable = 12,
  unmergeable = 13,
  huge_page = 14,
  no_huge_page = 15,
  dont_dump = 16,
  do_dump = 17,
  wipe_on_fork = 18,
  keep_on_fork = 19,
  cold = 20,
  page_out = 21,
  populate_read = 22,
  populate_write = 23,
  dont_need_locked = 24,
  collapse = 25,
  guard_install = 102,
  guard_remove = 103,
};

/// The access bits of an area for a protection.
constexpr Flags access_flags(Protection protection) noexcept {
  return Flags(protection.bits() & 0x7u);
}

/// The protection that the access bits of an area stand for.
constexpr Protection protection_of(Flags flags) noexcept {
  return Protection(static_cast<std::uint32_t>((flags & flag::access).bits()));
}

/// Whether memory with these flags may be read, written or executed, or each that is asked for. As
/// on x86-64, what may be written or executed may be read, but for what a protection key hides.
constexpr bool allows(Flags flags, Protection access) noexcept {
  const bool is_readable = flags.has_any(flag::access) && !flags.has_any(flag::execute_only);
  if (access.has_any(prot::read) && !is_readable) return false;
  return flags.has_all(access_flags(access.without(prot::read)));
}

/// The flags of an area that is watched so.
constexpr Flags userfault_flags(UserfaultModes modes) noexcept {
  return Flags{}
      .with_if(modes.has_any(uffd::missing), flag::userfault_missing)
      .with_if(modes.has_any(uffd::protect), flag::userfault_protect)
      .with_if(modes.has_any(uffd::minor), flag::userfault_minor);
}

/// Whether same-page merging (KSM) may look for equal pages in an area with these flags.
constexpr bool allows_same_page_merging(Flags flags) noexcept {
  return !flags.has_any(flag::shared | flag::may_share | flag::special | flag::droppable |
                        flag::huge_tlb);
}

}  // namespace vmarea
