// SPDX-License-Identifier: MIT
#include "model_call.hpp"

#include <algorithm>
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
  Protection protection(std::size_t i) const {
    const bool implied = space.implies_exec() && (argument(i) & PROT_READ) != 0;
    return Protection(word(i)).with_if(implied, vmarea::prot::exec);
  }
};

/// The flags that the kernel gave the area at `at`.
std::optional<vmarea::Flags> find_kernel_flags(FollowedSpace& space, Address at) {
  for (const KernelArea& area : space.kernel().read_areas_with_flags()) {
    if (area.range().contains(at)) return area.flags;
  }
  return std::nullopt;
}

/// A driver's answer is what the kernel answered.
void ask_driver(const Request& request, OpenFile& file) {
  file.decided_flags.reset();
  file.refusal = Error::none;
  file.rules.mappable = true;
  if (!request.kernel_failed()) {
    const auto at = static_cast<Address>(request.kernel_raw);
    file.decided_flags = find_kernel_flags(request.space, at);
  } else if (request.kernel_raw == -ENODEV) {
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

ModelAnswer make_mmap(const Request& request) {
  vmarea::MmapRequest<Services> wanted;
  wanted.address = request.argument(0);
  wanted.length = request.argument(1);
  wanted.protection = request.protection(2);
  wanted.flags = vmarea::MapFlags(request.word(3));
  wanted.offset = request.argument(5);
  if (wanted.flags.has_any(vmarea::map::huge_tlb)) return {Made::not_modelled, 0};

  Made made = Made::compared;
  if (!wanted.flags.has_any(vmarea::map::anonymous)) {
    OpenFile* file = wanted.file = request.facts.file.get();
    if (file != nullptr && file->nature == Nature::zero_device) {
      const bool is_private = (request.word(3) & MAP_TYPE) == MAP_PRIVATE;
      file->rules.placement = is_private ? vmarea::Placement::huge_pages : vmarea::Placement::plain;
    } else if (file != nullptr && file->nature == Nature::driver) {
      ask_driver(request, *file);
      made = Made::told_address;
    }
  }
  if (is_drawn_by_lot(request, wanted)) made = Made::told_address;
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

/// The answer of a call that succeeds in all but populating.
std::int64_t answer_of_populating(const Request& request, const Result<void>& result,
                                  int past_file) {
  const Address start = geometry.round_down(request.argument(0));
  const Address end = geometry.round_up(request.argument(0) + request.argument(1));
  if (result && reaches_past_a_file(request.space.space(), {start, end})) return -past_file;
  return raw(result);
}

ModelAnswer make_madvise(const Request& request) {
  const std::uint32_t advice = request.word(2);
  const auto kind = static_cast<vmarea::Advice>(advice);
  const Result<void> result =
      request.space.space().madvise(request.argument(0), request.argument(1), kind);
  if (depends_on_pages(advice)) return {Made::told_result, request.kernel_raw};
  if (kind == vmarea::Advice::populate_read || kind == vmarea::Advice::populate_write) {
    return compared(answer_of_populating(request, result, EFAULT));
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
  std::int64_t done = 0;
  for (const iovec& range : ranges) {
    const Result<void> result =
        request.space.space().madvise(reinterpret_cast<Address>(range.iov_base), range.iov_len,
                                      static_cast<vmarea::Advice>(request.word(3)));
    if (!result) return compared(done != 0 ? done : raw(result));
    done += static_cast<std::int64_t>(range.iov_len);
  }
  return compared(done);
}

/// Whether a policy makes sense is not ours to say, nor whether pages can follow it.
ModelAnswer make_mbind(const Request& request) {
  const bool known = request.kernel_raw == 0 || request.kernel_raw == -EFAULT ||
                     request.kernel_raw == -ENOMEM || request.kernel_raw == -EIO;
  if (!known) return {Made::told_result, request.kernel_raw};
  const Result<void> result = request.space.space().mbind(request.argument(0), request.argument(1),
                                                          policy_of(request.task, request.call));
  if (request.kernel_raw == -EIO) return {Made::told_result, request.kernel_raw};
  return compared(raw(result));
}

ModelAnswer make_mlock(const Request& request, vmarea::MlockMode locking) {
  const Result<void> result =
      request.space.space().mlock(request.argument(0), request.argument(1), locking);
  if (locking != vmarea::MlockMode::lock) return compared(raw(result));
  return compared(answer_of_populating(request, result, ENOMEM));
}

ModelAnswer make_mlock2(const Request& request) {
  const vmarea::MlockFlags flags(request.word(2));
  const Result<void> result =
      request.space.space().mlock2(request.argument(0), request.argument(1), flags);
  if (flags == vmarea::mlock::on_fault) return compared(raw(result));
  return compared(answer_of_populating(request, result, ENOMEM));
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
  return compared(raw(request.space.space().attach_shared(wanted)));
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
  return facts;
}

ModelAnswer make_call(FollowedSpace& space, pid_t task, const Call& call, const CallFacts& facts,
                      std::int64_t kernel_raw) {
  const Request request{space, task, call, facts, kernel_raw};
  Space& ours = space.space();
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
    case SYS_remap_file_pages:
      return make_remap_file_pages(request);
    default:
      return {Made::not_modelled, 0};
  }
}

}  // namespace follow
