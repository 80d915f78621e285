// SPDX-License-Identifier: MIT
#include "model_call.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <fmt/format.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "attributes.hpp"
#include "proc_text.hpp"
#include "process_facts.hpp"

namespace follow {
namespace {

namespace flag = vmarea::flag;
using vmarea::Address;
using vmarea::Error;
using vmarea::Protection;
using vmarea::Result;

constexpr vmarea::Geometry geometry{};

std::int64_t raw(const Result<void>& result) {
  return result ? 0 : -static_cast<std::int64_t>(result.error());
}

std::int64_t raw(const Result<Address>& result) {
  return result ? static_cast<std::int64_t>(*result) : -static_cast<std::int64_t>(result.error());
}

ModelAnswer compared(std::int64_t value) {
  return {Made::compared, value};
}

/// Everything a handler may look at.
struct Request {
  FollowedSpace& space;
  pid_t task;
  const Call& call;
  const CallFacts& facts;
  std::int64_t kernel_raw;

  std::uint64_t argument(std::size_t i) const { return call.arguments[i]; }
  std::uint32_t word(std::size_t i) const { return static_cast<std::uint32_t>(argument(i)); }
  bool kernel_failed() const { return kernel_raw < 0 && kernel_raw >= -4095; }
  Protection protection(std::size_t i) const { return Protection(word(i)); }
};

/// The flags that the kernel gave the area at `at`.
std::optional<vmarea::Flags> find_kernel_flags(FollowedSpace& space, Address at) {
  for (const KernelArea& area : space.kernel().read_areas_with_flags()) {
    if (area.range().contains(at)) return area.flags;
  }
  return std::nullopt;
}

/// Whether a fixed mapping that failed had removed already what was there: then it was the driver
/// that refused, and not the lack of one.
bool was_cleared(const Request& request) {
  const Address start = request.argument(0);
  if ((request.word(3) & MAP_FIXED) == 0) return false;
  const auto there = request.space.kernel().find_at_or_above(start);
  return !there || there->start >= start + geometry.round_up(request.argument(1));
}

/// A driver's answer is what the kernel answered.
void ask_driver(const Request& request, OpenFile& file) {
  file.decided_flags.reset();
  file.refusal = Error::none;
  file.rules.mappable = true;
  if (!request.kernel_failed()) {
    const auto at = static_cast<Address>(request.kernel_raw);
    file.decided_flags = find_kernel_flags(request.space, at);
  } else if (request.kernel_raw == -ENODEV && !was_cleared(request)) {
    file.rules.mappable = false;
  } else {
    file.refusal = static_cast<Error>(-request.kernel_raw);
  }
}

/// A range that the kernel draws by lot for this one call: only its bounds can be checked.
bool is_drawn_by_lot(const Request& request, const vmarea::MmapRequest<Services>& wanted) {
  constexpr vmarea::Range lottery{0x4000'0000, 0x8000'0000};
  return wanted.flags.has_any(vmarea::map::low_32bit) && request.space.randomised() &&
         !wanted.flags.has_any(vmarea::map::fixed | vmarea::map::fixed_noreplace) &&
         !request.kernel_failed() && static_cast<Address>(request.kernel_raw) != wanted.address &&
         lottery.contains(static_cast<Address>(request.kernel_raw));
}

/// Where huge pages of shared memory are allowed, it chooses addresses that suit them.
bool is_shared_memory_placed() {
  static const bool suits_huge_pages = shared_memory_may_be_huge();
  return suits_huge_pages;
}

bool is_placed_by_shared_memory(const vmarea::MmapRequest<Services>& wanted) {
  if (!is_shared_memory_placed() || wanted.flags.has_any(vmarea::map::huge_tlb)) return false;
  if (wanted.flags.has_any(vmarea::map::fixed | vmarea::map::fixed_noreplace)) return false;
  if (wanted.flags.has_any(vmarea::map::anonymous)) {
    return wanted.flags.has_any(vmarea::map::shared);
  }
  return wanted.file != nullptr && wanted.file->rules.storage == vmarea::Storage::memory;
}

/// The first mapping that the kernel placed shows where it begins to: true if this is it.
bool learn_base(const Request& request, const vmarea::MmapRequest<Services>& wanted) {
  vmarea::SpaceLayout& layout = request.space.space().state().layout;
  const auto at = static_cast<Address>(request.kernel_raw);
  if (layout.mmap_base != unknown_base || !layout.top_down || request.kernel_failed() ||
      wanted.flags.has_any(vmarea::map::fixed | vmarea::map::fixed_noreplace) ||
      at == wanted.address) {
    return false;
  }
  layout.mmap_base = at + geometry.round_up(wanted.length);
  return true;
}

ModelAnswer make_mmap(const Request& request) {
  vmarea::MmapRequest<Services> wanted;
  wanted.address = request.argument(0);
  wanted.length = request.argument(1);
  wanted.protection = request.protection(2);
  wanted.flags = vmarea::MapFlags(request.word(3));
  wanted.offset = request.argument(5);
  // Whether the pool has some is what the kernel's answer says.
  const bool pool_is_empty = request.kernel_raw == -ENOMEM;
  request.space.assume_huge_pages(pool_is_empty ? 0 : vmarea::Limits::no_limit);

  Made made = Made::compared;
  if (!wanted.flags.has_any(vmarea::map::anonymous)) {
    OpenFile* file = wanted.file = request.facts.file.get();
    if (file != nullptr && file->nature == Nature::zero_device) {
      const bool is_private = (request.word(3) & MAP_TYPE) == MAP_PRIVATE;
      file->rules.placement = is_private ? zero_device_rules().placement : vmarea::Placement::plain;
    } else if (file != nullptr && file->nature == Nature::driver) {
      ask_driver(request, *file);
      made = Made::told_address;
    }
  }
  if (is_drawn_by_lot(request, wanted) || is_placed_by_shared_memory(wanted) ||
      learn_base(request, wanted)) {
    made = Made::told_address;
  }
  if (made == Made::told_address && !request.kernel_failed()) {
    const auto at = static_cast<Address>(request.kernel_raw);
    const auto* there = request.space.space().find_at_or_above(at);
    const bool is_free = there == nullptr || there->start >= at + wanted.length;
    if (is_free) {
      wanted.address = at;
      wanted.flags |= vmarea::map::fixed;
    }
  }
  return {made, raw(request.space.space().mmap(wanted))};
}

ModelAnswer make_mprotect(const Request& request) {
  return compared(raw(request.space.space().mprotect(request.argument(0), request.argument(1),
                                                     request.protection(2))));
}

ModelAnswer make_pkey_mprotect(const Request& request) {
  constexpr std::uint32_t no_key = ~std::uint32_t{0};
  if (request.word(3) != no_key) return {Made::not_modelled, 0};
  return make_mprotect(request);
}

ModelAnswer make_mremap(const Request& request) {
  vmarea::MremapRequest wanted;
  wanted.address = request.argument(0);
  wanted.old_length = request.argument(1);
  wanted.new_length = request.argument(2);
  wanted.flags = vmarea::RemapFlags(request.word(3));
  wanted.new_address = request.argument(4);
  return compared(raw(request.space.space().mremap(wanted)));
}

/// Whether the answer depends on the state of pages, devices or swap rather than on areas.
bool depends_on_pages(std::uint32_t advice) {
  constexpr std::uint32_t hardware_poison = 100, soft_offline = 101;
  return advice == MADV_WILLNEED || advice == hardware_poison || advice == soft_offline ||
         advice == static_cast<std::uint32_t>(vmarea::Advice::collapse);
}

/// Whether the range holds pages past the end of their file. They cannot be populated, and areas do
/// not know how long files are.
bool reaches_past_a_file(const Space& space, vmarea::Range range) {
  for (Address at = range.start; at < range.end;) {
    const auto* area = space.find_at_or_above(at);
    if (area == nullptr || area->start >= range.end) return false;
    at = area->end;
    const auto size = area->file != nullptr ? size_of(*area->file) : std::nullopt;
    if (!size) continue;
    const AreaDescription part = area->within(range, geometry);
    if (part.page_offset + geometry.pages(part.length()) >
        geometry.pages(geometry.round_up(*size))) {
      return true;
    }
  }
  return false;
}

/// Memory of huge pages in one of the ranges; of a size that is not known, or any.
enum class Huge : bool { of_unknown_size, any };
bool has_huge_pages(const Space& space, const CallRanges& ranges, Huge huge) {
  for (const vmarea::Range range : ranges.parts) {
    for (const auto& area : space.areas(range)) {
      const bool known = huge == Huge::of_unknown_size && area.huge_page_shift() != 0;
      if (area.flags.has_any(flag::huge_tlb) && !known) return true;
    }
  }
  return false;
}

/// The answer of a call that succeeds in all but populating: there is nothing past the end of a
/// file, nor on pages that guard.
std::int64_t answer_of_populating(const Request& request, const Result<void>& result,
                                  int not_there) {
  const Address start = geometry.round_down(request.argument(0));
  const Address end = geometry.round_up(request.argument(0) + request.argument(1));
  const bool populates = result.has_value() && start < end;
  if (populates && reaches_past_a_file(request.space.space(), {start, end})) return -not_there;
  if (populates && request.space.kernel().has_guard_page({start, end})) return -not_there;
  return raw(result);
}

/// What populating answers where it may touch huge pages: only the pool knows whether it has some.
ModelAnswer compared_populating(const Request& request, const Result<void>& result, int not_there) {
  if (result && has_huge_pages(request.space.space(), request.facts.ranges, Huge::any)) {
    return {Made::told_result, request.kernel_raw};
  }
  return compared(answer_of_populating(request, result, not_there));
}

ModelAnswer make_madvise(const Request& request) {
  const std::uint32_t advice = request.word(2);
  const auto kind = static_cast<vmarea::Advice>(advice);
  const Result<void> result =
      request.space.space().madvise(request.argument(0), request.argument(1), kind);
  if (depends_on_pages(advice)) return {Made::told_result, request.kernel_raw};
  if (kind == vmarea::Advice::populate_read || kind == vmarea::Advice::populate_write) {
    return compared_populating(request, result, EFAULT);
  }
  return compared(raw(result));
}

ModelAnswer make_process_madvise(const Request& request) {
  if (!request.facts.on_itself || request.kernel_failed()) return {Made::not_modelled, 0};
  std::vector<iovec> ranges(std::min<std::uint64_t>(request.argument(2), 1024));
  iovec ours{ranges.data(), ranges.size() * sizeof(iovec)};
  iovec theirs{reinterpret_cast<void*>(request.argument(1)), ours.iov_len};
  if (process_vm_readv(request.task, &ours, 1, &theirs, 1, 0) !=
      static_cast<ssize_t>(ours.iov_len)) {
    return {Made::not_modelled, 0};
  }
  std::vector<vmarea::Range> named;
  for (const iovec& range : ranges) {
    const auto start = reinterpret_cast<Address>(range.iov_base);
    named.push_back({start, start + range.iov_len});
  }
  return compared(raw(
      request.space.space().process_madvise(named, static_cast<vmarea::Advice>(request.word(3)))));
}

/// Whether a policy makes sense is not ours to say, nor whether pages can follow it.
ModelAnswer make_mbind(const Request& request) {
  const bool known = request.kernel_raw == 0 || request.kernel_raw == -EFAULT ||
                     request.kernel_raw == -ENOMEM || request.kernel_raw == -EIO;
  const auto policy = find_policy(request.task, request.call);
  if (!known) return {Made::told_result, request.kernel_raw};
  if (!policy) return compared(-EFAULT);
  const Result<void> result =
      request.space.space().mbind(request.argument(0), request.argument(1), *policy);
  if (request.kernel_raw == -EIO) return {Made::told_result, request.kernel_raw};
  return compared(raw(result));
}

ModelAnswer make_mlock(const Request& request, vmarea::MlockMode locking) {
  const Result<void> result =
      request.space.space().mlock(request.argument(0), request.argument(1), locking);
  if (locking != vmarea::MlockMode::lock) return compared(raw(result));
  return compared_populating(request, result, ENOMEM);
}

ModelAnswer make_mlock2(const Request& request) {
  const vmarea::MlockFlags flags(request.word(2));
  const Result<void> result =
      request.space.space().mlock2(request.argument(0), request.argument(1), flags);
  const bool huge = has_huge_pages(request.space.space(), request.facts.ranges, Huge::any);
  if (flags == vmarea::mlock::on_fault && !huge) return compared(raw(result));
  return compared_populating(request, result, ENOMEM);
}

ModelAnswer make_mseal(const Request& request) {
  const vmarea::SealFlags flags(request.argument(2));
  return compared(
      raw(request.space.space().mseal(request.argument(0), request.argument(1), flags)));
}

/// What a process chooses for all of its memory; the other options are no matter of rules.
ModelAnswer make_prctl(const Request& request) {
  constexpr std::uint64_t set_write_exec = 65, set_memory_merge = 67;
  const std::uint64_t option = request.argument(0);
  if (option != set_write_exec && option != set_memory_merge) return {Made::not_modelled, 0};
  for (const unsigned unused : {2u, 3u, 4u}) {
    if (request.argument(unused) != 0) return compared(-EINVAL);
  }
  Space& space = request.space.space();
  const std::uint64_t value = request.argument(1);
  if (option == set_write_exec) {
    return compared(raw(space.deny_write_exec(vmarea::WriteExecFlags(value))));
  }
  using vmarea::SamePageMerging;
  return compared(
      raw(space.set_memory_merge(value != 0 ? SamePageMerging::on : SamePageMerging::off)));
}

/// The context of an area in `range` that fork made, for no descriptor is known to stand for it.
std::optional<vmarea::UserfaultContext> find_childs_context(const Space& space,
                                                            vmarea::Range range) {
  for (const auto& area : space.areas(range)) {
    if (area.attributes == nullptr) continue;
    const vmarea::UserfaultContext context = area.attributes->userfault_context;
    if ((context & KeptAttributes::context_of_child) != 0) return context;
  }
  return std::nullopt;
}

/// Why a userfaultfd refuses may be no matter of areas: then nothing is done.
ModelAnswer make_userfault(const Request& request) {
  constexpr std::uint32_t requests = 0xffff, register_request = 0xaa00;
  const bool registers = (request.word(1) & requests) == register_request;
  std::array<std::uint64_t, 3> wanted{};
  const std::size_t size = sizeof(std::uint64_t) * (registers ? 3 : 2);
  const std::string bytes = read_memory(request.task, request.argument(2), size);
  auto context = find_userfault_context(request.task, static_cast<int>(request.word(0)));
  if (!context || request.kernel_failed() || bytes.size() != size) {
    return {Made::told_result, request.kernel_raw};
  }
  bytes.copy(reinterpret_cast<char*>(wanted.data()), size);
  const auto [start, length, modes] = wanted;
  Space& space = request.space.space();
  if (const auto own = find_childs_context(space, {start, start + length})) context = own;
  if (!registers) return compared(raw(space.unregister_userfault(start, length, *context)));
  request.space.watch_contexts();
  return compared(raw(space.register_userfault(
      {start, length, *context, vmarea::UserfaultModes(static_cast<std::uint32_t>(modes))})));
}

ModelAnswer make_shmat(const Request& request) {
  using Access = vmarea::AttachRequest<Services>::Access;
  // Who may attach a segment is no matter of areas.
  const bool no_right = request.kernel_raw == -EACCES || request.kernel_raw == -EIDRM;
  if (!request.facts.segment_bytes || no_right) return {Made::told_result, request.kernel_raw};
  const std::uint32_t flags = request.word(2);
  const bool read_only = (flags & SHM_RDONLY) != 0;
  vmarea::AttachRequest<Services> wanted;
  wanted.address = request.argument(1);
  wanted.segment = request.space.files().add(Nature::segment);
  wanted.segment->name = fmt::format("/SYSV{:08x} (deleted)", request.facts.segment_key);
  wanted.segment->rules.segment_bytes = *request.facts.segment_bytes;
  wanted.segment->fixed_size = geometry.round_up(*request.facts.segment_bytes);
  if ((flags & SHM_EXEC) != 0) {
    wanted.access = read_only ? Access::read_exec : Access::read_write_exec;
  } else {
    wanted.access = read_only ? Access::read_only : Access::read_write;
  }
  wanted.rounds_address = (flags & SHM_RND) != 0;
  wanted.replaces_existing = (flags & SHM_REMAP) != 0;
  const bool is_placed =
      wanted.address == 0 && !request.kernel_failed() && is_shared_memory_placed();
  if (is_placed) wanted.address = static_cast<Address>(request.kernel_raw);
  return {is_placed ? Made::told_address : Made::compared,
          raw(request.space.space().attach_shared(wanted))};
}

/// A fixed shared mapping of the same file at another offset.
ModelAnswer make_remap_file_pages(const Request& request) {
  const auto* area = request.space.space().find(request.argument(0));
  if (request.kernel_failed() || area == nullptr) return {Made::told_result, request.kernel_raw};
  vmarea::MmapRequest<Services> wanted;
  wanted.address = geometry.round_down(request.argument(0));
  wanted.length = geometry.round_down(request.argument(1));
  wanted.protection = Protection(static_cast<std::uint32_t>((area->flags & flag::access).bits()));
  wanted.flags = vmarea::map::shared | vmarea::map::fixed | vmarea::map::populate |
                 vmarea::MapFlags{}.with_if(area->flags.has_any(flag::locked), vmarea::map::locked);
  wanted.file = area->file;
  wanted.offset = request.argument(3) << geometry.page_shift;
  const std::int64_t answer = raw(request.space.space().mmap(wanted));
  return compared(answer < 0 && answer >= -4095 ? answer : 0);
}

}  // namespace

CallFacts gather_facts(FollowedSpace& space, pid_t task, const Call& call) {
  CallFacts facts;
  const auto descriptor = [&](std::size_t i) {
    return static_cast<int>(static_cast<std::uint32_t>(call.arguments[i]));
  };
  switch (call.kind->number) {
    case SYS_mmap:
      if ((call.arguments[3] & MAP_ANONYMOUS) == 0) {
        facts.file = HeldFile(space.files().find_or_add(task, descriptor(4)));
      }
      break;
    case SYS_shmat: {
      shmid_ds segment{};
      if (shmctl(descriptor(0), IPC_STAT, &segment) == 0) {
        facts.segment_bytes = segment.shm_segsz;
        facts.segment_key = static_cast<std::uint32_t>(segment.shm_perm.__key);
      }
      break;
    }
    case SYS_process_madvise: {
      const std::string text = read_file(fmt::format("/proc/{}/fdinfo/{}", task, descriptor(0)));
      const auto process = thread_group_of(task);
      facts.on_itself = process && find_field(text, "Pid").value_or("") == std::to_string(*process);
      break;
    }
    default:
      break;
  }
  facts.ranges = find_named_ranges(call, space.space(), facts.segment_bytes.value_or(0));
  return facts;
}

ModelAnswer make_call(FollowedSpace& space, pid_t task, const Call& call, const CallFacts& facts,
                      std::int64_t kernel_raw) {
  const Request request{space, task, call, facts, kernel_raw};
  Space& ours = space.space();
  // Areas that were there before the program was followed: maps does not show the size.
  if (has_huge_pages(ours, facts.ranges, Huge::of_unknown_size)) return {Made::not_modelled, 0};
  switch (call.kind->number) {
    case SYS_mmap:
      return make_mmap(request);
    case SYS_munmap:
      return compared(raw(ours.munmap(request.argument(0), request.argument(1))));
    case SYS_mprotect:
      return make_mprotect(request);
    case SYS_pkey_mprotect:
      return make_pkey_mprotect(request);
    case SYS_mremap:
      return make_mremap(request);
    case SYS_brk:
      return compared(static_cast<std::int64_t>(ours.brk(request.argument(0))));
    case SYS_madvise:
      return make_madvise(request);
    case SYS_process_madvise:
      return make_process_madvise(request);
    case SYS_mlock:
      return make_mlock(request, vmarea::MlockMode::lock);
    case SYS_mlock2:
      return make_mlock2(request);
    case SYS_munlock:
      return make_mlock(request, vmarea::MlockMode::unlock);
    case SYS_mlockall:
      return compared(raw(ours.mlockall(vmarea::MlockallFlags(request.word(0)))));
    case SYS_munlockall:
      return compared(raw(ours.munlockall()));
    case number_mseal:
      return make_mseal(request);
    case SYS_prctl:
      return make_prctl(request);
    case SYS_shmat:
      return make_shmat(request);
    case SYS_shmdt:
      return compared(raw(ours.detach_shared(request.argument(0))));
    case SYS_mbind:
      return make_mbind(request);
    case SYS_ioctl:
      return make_userfault(request);
    case SYS_remap_file_pages:
      // To map them once more may take pages from the pool.
      if (has_huge_pages(ours, facts.ranges, Huge::any)) return {Made::not_modelled, 0};
      return make_remap_file_pages(request);
    default:
      return {Made::not_modelled, 0};
  }
}

}  // namespace follow
