// SPDX-License-Identifier: MIT
#include "live/random_calls/kernel_arena.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/mempolicy.h>
#include <linux/prctl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "live/random_calls/limited.hpp"

namespace vmarea::live {
namespace {

constexpr long mseal_number = 462;
constexpr int set_write_exec = 65;    // PR_SET_MDWE
constexpr int set_memory_merge = 67;  // PR_SET_MEMORY_MERGE

sigjmp_buf touch_failed;

void on_fault(int) {
  siglongjmp(touch_failed, 1);
}

void catch_faults() {
  struct sigaction action = {};
  action.sa_handler = on_fault;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

__attribute__((noinline)) std::int64_t touch(std::uint64_t address, bool write) {
  auto* byte = reinterpret_cast<volatile unsigned char*>(address);
  if (sigsetjmp(touch_failed, 0) != 0) return -EFAULT;
  if (write) {
    *byte = 1;
  } else {
    static_cast<void>(*byte);
  }
  return 0;
}

template <class... Arguments>
std::int64_t system_call(long number, Arguments... arguments) {
  const long result = syscall(number, static_cast<unsigned long>(arguments)...);
  return result == -1 ? -errno : result;
}

constexpr std::array<__rlimit_resource, limited_count> resources = {RLIMIT_AS, RLIMIT_DATA,
                                                                    RLIMIT_STACK, RLIMIT_MEMLOCK};

/// The fields of the address space that a program may set at once, as they are.
prctl_mm_map read_layout() {
  prctl_mm_map layout = {};
  std::FILE* file = std::fopen("/proc/self/stat", "re");
  std::array<char, 4096> text{};
  if (file == nullptr || std::fread(text.data(), 1, text.size() - 1, file) == 0) abort();
  std::fclose(file);
  // Fields are counted from 1, as proc_pid_stat(5) does; the second, in brackets, may hold blanks.
  const char* at = std::strrchr(text.data(), ')');
  for (int field = 3; at != nullptr && field <= 51; ++field) {
    at = std::strchr(at + 1, ' ');
    if (at == nullptr) abort();
    const std::uint64_t value = std::strtoull(at, nullptr, 10);
    if (field == 26) layout.start_code = value;
    if (field == 27) layout.end_code = value;
    if (field == 28) layout.start_stack = value;
    if (field == 48) layout.arg_start = value;
    if (field == 49) layout.arg_end = value;
    if (field == 50) layout.env_start = value;
    if (field == 51) layout.env_end = value;
  }
  // No data, so that the limit of data counts the heap alone.
  layout.start_data = layout.end_data = layout.start_code;
  layout.exe_fd = ~std::uint32_t{0};
  return layout;
}

std::int64_t bind_memory(const Call& call) {
  constexpr std::array<int, policy_count> modes = {MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND,
                                                   MPOL_INTERLEAVE, MPOL_LOCAL};
  const bool has_nodes = call.flags != static_cast<std::uint32_t>(Policy::none) &&
                         call.flags != static_cast<std::uint32_t>(Policy::local);
  const unsigned long first_node = 1;
  return system_call(SYS_mbind, call.address, call.length, modes[call.flags],
                     has_nodes ? reinterpret_cast<std::uintptr_t>(&first_node) : 0,
                     has_nodes ? 8 * sizeof first_node : 0, 0);
}

/// Everything else of the personality stays.
std::int64_t imply_exec(bool wanted) {
  constexpr std::uint32_t ask = ~std::uint32_t{0};
  const auto others =
      static_cast<std::uint32_t>(personality(ask)) & ~std::uint32_t{READ_IMPLIES_EXEC};
  return personality(others | (wanted ? std::uint32_t{READ_IMPLIES_EXEC} : 0)) < 0 ? -errno : 0;
}

/// The file is opened each time, for a child is another process.
std::int64_t clear_soft_dirty() {
  const int refs = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (refs < 0) return -errno;
  const std::int64_t result = ::write(refs, "4", 1) == 1 ? 0 : -errno;
  close(refs);
  return result;
}

int open_or_die(const char* path, int flags) {
  const int descriptor = open(path, flags | O_CLOEXEC);
  if (descriptor < 0) abort();
  return descriptor;
}

int new_file(const char* name) {
  const int descriptor = memfd_create(name, MFD_CLOEXEC);
  if (descriptor < 0 || ftruncate(descriptor, std::int64_t{4096} * std::int64_t{page}) != 0) {
    abort();
  }
  return descriptor;
}

}  // namespace

KernelArena::KernelArena(const Shape& shape, const AreaProgram& program)
    : shape_(shape), maps_(program) {
  files_[static_cast<unsigned>(File::first)] = new_file("f");
  files_[static_cast<unsigned>(File::second)] = new_file("s");
  const std::string again = fmt::format("/proc/self/fd/{}", files_[0]);
  files_[static_cast<unsigned>(File::other_open)] = open_or_die(again.c_str(), O_RDWR);
  files_[static_cast<unsigned>(File::read_only)] = open_or_die(again.c_str(), O_RDONLY);
  copied_to_ = new_file("c");
  // It has its pages before the first comparison.
  const std::vector<char> zeros(copied_pages_max * page);
  if (pwrite(copied_to_, zeros.data(), zeros.size(), 0) < 0) abort();
  copied_from_ = open_or_die("/dev/zero", O_RDONLY);
  make_segments();
  for (unsigned i = 0; i < limited_count; ++i) getrlimit(resources[i], &limits_[i]);
  catch_faults();
}

KernelArena::~KernelArena() {
  for (const int descriptor : files_) close(descriptor);
  close(copied_to_);
  close(copied_from_);
}

/// Each is attached once outside the arena and marked for its end, which comes when the last
/// process that has it attached ends; until then it can be attached again.
void KernelArena::make_segments() {
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    segments_[i] = shmget(IPC_PRIVATE, segment_bytes[i], IPC_CREAT | 0600);
    if (segments_[i] < 0) return segments_.fill(-1);
    void*& place = segment_places_[i];
    place = shmat(segments_[i], place, place == nullptr ? 0 : SHM_REMAP);
    shmctl(segments_[i], IPC_RMID, nullptr);
    if (place == reinterpret_cast<void*>(-1)) return segments_.fill(-1);
  }
}

std::int64_t KernelArena::read_attached(std::size_t segment) const {
  shmid_ds status{};
  if (shmctl(segments_[segment], IPC_STAT, &status) != 0) return -errno;
  return static_cast<std::int64_t>(status.shm_nattch);
}

std::string KernelArena::why_unusable() {
  Picture picture;
  read_areas(picture, {});
  if (!picture.areas().empty()) return "something is mapped in the arena";
  return {};
}

bool KernelArena::reads_allocate() {
  // An area with an identity stays accounted when it becomes unwritable, one without does not.
  return unwritable_is_charged(Read::yes) && !unwritable_is_charged(Read::no);
}

bool KernelArena::unwritable_is_charged(Read read) {
  Call call = map_first_page(PROT_READ | PROT_WRITE);
  if (read == Read::yes) touch(call.address, false);
  call.operation = Operation::mprotect;
  call.protection = PROT_READ;
  execute(call);
  return only_area_has(flag::account);
}

Flags KernelArena::flags_hidden() {
  Call call = map_first_page(PROT_READ);
  call.operation = Operation::mlock_on_fault;
  execute(call);
  return Flags{}.with_if(!only_area_has(flag::lock_on_fault), flag::lock_on_fault);
}

Flags KernelArena::marks_of_new_memory() {
  map_first_page(PROT_READ);
  return Flags{}.with_if(only_area_has(flag::soft_dirty), flag::soft_dirty);
}

bool KernelArena::has_keys() {
  map_first_page(PROT_EXEC);
  return only_area_has(flag::execute_only);
}

Call KernelArena::map_first_page(std::uint32_t protection) {
  Call call;
  call.address = arena_start;
  call.length = page;
  call.protection = protection;
  call.flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
  execute(call);
  return call;
}

bool KernelArena::only_area_has(Flags flags) {
  Picture picture;
  read_all_flags(picture);
  reset();
  return picture.areas().size() == 1 && picture.areas().front().flags.has_any(flags);
}

std::int64_t KernelArena::execute(const Call& call) {
  switch (call.operation) {
    case Operation::mmap: {
      const int descriptor =
          call.file == File::none ? -1 : files_[static_cast<unsigned>(call.file)];
      return system_call(SYS_mmap, call.address, call.length, call.protection, call.flags,
                         descriptor, call.offset);
    }
    case Operation::munmap:
      return system_call(SYS_munmap, call.address, call.length);
    case Operation::mprotect:
      return system_call(SYS_mprotect, call.address, call.length, call.protection);
    case Operation::mremap:
      return system_call(SYS_mremap, call.address, call.length, call.new_length, call.flags,
                         call.new_address);
    case Operation::madvise:
      return system_call(SYS_madvise, call.address, call.length, call.advice);
    case Operation::mlock:
      return system_call(SYS_mlock, call.address, call.length);
    case Operation::mlock_on_fault:
      return system_call(SYS_mlock2, call.address, call.length, MLOCK_ONFAULT);
    case Operation::munlock:
      return system_call(SYS_munlock, call.address, call.length);
    case Operation::mseal:
      return system_call(mseal_number, call.address, call.length, 0);
    case Operation::read:
      return touch(call.address, false);
    case Operation::write:
      return touch(call.address, true);
    case Operation::brk:
      heap_changed_ = true;
      return syscall(SYS_brk, call.address);
    case Operation::set_heap:
      return set_heap(call.address);
    case Operation::limit:
      return set_limit(call);
    case Operation::lock_right:
      return set_lock_right(static_cast<LockRight>(call.flags));
    case Operation::userfault_register: {
      uffdio_register request = {{call.address, call.length}, call.flags, 0};
      return ioctl(userfault(call), UFFDIO_REGISTER, &request) == 0 ? 0 : -errno;
    }
    case Operation::userfault_unregister: {
      uffdio_range range = {call.address, call.length};
      return ioctl(userfault(call), UFFDIO_UNREGISTER, &range) == 0 ? 0 : -errno;
    }
    case Operation::userfault_close:
      close_userfault(static_cast<unsigned>(call.advice));
      return 0;
    case Operation::mbind:
      return bind_memory(call);
    case Operation::mlockall:
      modes_changed_ = true;
      return system_call(SYS_mlockall, call.flags);
    case Operation::munlockall:
      return system_call(SYS_munlockall);
    case Operation::memory_merge:
      modes_changed_ = true;
      return system_call(SYS_prctl, set_memory_merge, call.flags, 0, 0, 0);
    case Operation::deny_write_exec:
      return system_call(SYS_prctl, set_write_exec, call.flags, 0, 0, 0);
    case Operation::imply_exec:
      modes_changed_ = true;
      return imply_exec(call.flags != 0);
    case Operation::clear_soft_dirty:
      return clear_soft_dirty();
    case Operation::copy_from:
    case Operation::copy_to:
      return copy(call);
    case Operation::process_madvise:
      return advise_several(call);
    case Operation::pkey_mprotect:
      return system_call(SYS_pkey_mprotect, call.address, call.length, call.protection,
                         call.advice);
    case Operation::remap_file_pages:
      return system_call(SYS_remap_file_pages, call.address, call.length, call.protection,
                         call.offset, call.flags);
    case Operation::msync:
      return system_call(SYS_msync, call.address, call.length, call.flags);
    case Operation::mincore: {
      static std::array<unsigned char, arena_pages_max> resident;
      return system_call(SYS_mincore, call.address, call.length,
                         reinterpret_cast<std::uintptr_t>(resident.data()));
    }
    case Operation::attach:
      return system_call(SYS_shmat, segments_[static_cast<unsigned>(call.advice)], call.address,
                         call.flags);
    case Operation::detach:
      return system_call(SYS_shmdt, call.address);
    case Operation::count_attached: {
      const auto segment = static_cast<unsigned>(call.advice);
      return read_attached(segment) - attached_outside_[segment];
    }
    case Operation::fork:
      break;
  }
  abort();
}

/// The descriptor is opened each time, for a child is another process.
std::int64_t KernelArena::advise_several(const Call& call) {
  const std::array<iovec, 2> ranges = {
      iovec{reinterpret_cast<void*>(call.address), call.length},
      iovec{reinterpret_cast<void*>(call.new_address), call.new_length}};
  const std::int64_t itself = system_call(SYS_pidfd_open, getpid(), 0);
  if (itself < 0) abort();
  const std::int64_t result =
      system_call(SYS_process_madvise, itself, reinterpret_cast<std::uintptr_t>(ranges.data()),
                  call.flags, call.advice, 0);
  close(static_cast<int>(itself));
  return result;
}

/// How many bytes the kernel could copy.
std::int64_t KernelArena::copy(const Call& call) {
  if (call.operation == Operation::copy_to) {
    return system_call(SYS_read, copied_from_, call.address, call.length);
  }
  return system_call(SYS_pwrite64, copied_to_, call.address, call.length, 0);
}

std::int64_t KernelArena::set_heap(std::uint64_t at) {
  static const prctl_mm_map as_started = read_layout();
  prctl_mm_map layout = as_started;
  layout.start_brk = layout.brk = at;
  heap_changed_ = true;
  return prctl(PR_SET_MM, PR_SET_MM_MAP, &layout, sizeof layout, 0) == 0 ? 0 : -errno;
}

/// Faults in watched memory are signals here: nobody would answer them.
int KernelArena::userfault(const Call& call) {
  int& descriptor = userfaults_[static_cast<unsigned>(call.advice)];
  if (descriptor < 0) {
    descriptor = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
    uffdio_api api = {UFFD_API, UFFD_FEATURE_SIGBUS, 0};
    if (descriptor < 0 || ioctl(descriptor, UFFDIO_API, &api) != 0) abort();
  }
  return descriptor;
}

void KernelArena::close_userfault(unsigned number) {
  if (userfaults_[number] >= 0) close(userfaults_[number]);
  userfaults_[number] = -1;
}

std::int64_t KernelArena::set_limit(const Call& call) {
  std::uint64_t in_use = 0;
  if (call.flags == static_cast<std::uint32_t>(LimitBase::in_use)) {
    in_use = in_use_bytes(read_totals(), static_cast<Limited>(call.advice));
  }
  const auto which = static_cast<unsigned>(call.advice);
  rlimit limit = limits_[which];
  const bool none = call.length == ~std::uint64_t{0};
  limit.rlim_cur = none ? limit.rlim_max : in_use + call.length;
  limits_changed_ = true;
  return setrlimit(resources[which], &limit) == 0 ? 0 : -errno;
}

std::int64_t KernelArena::set_lock_right(LockRight right) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return -errno;
  constexpr std::uint32_t bit = std::uint32_t{1} << CAP_IPC_LOCK;
  right_dropped_ = right == LockRight::dropped;
  data[0].effective = right_dropped_ ? data[0].effective & ~bit : data[0].effective | bit;
  return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

bool KernelArena::reset() {
  if (limits_changed_) {
    for (unsigned i = 0; i < limited_count; ++i) setrlimit(resources[i], &limits_[i]);
    limits_changed_ = false;
  }
  if (modes_changed_) {
    system_call(SYS_munlockall);
    system_call(SYS_prctl, set_memory_merge, 0, 0, 0, 0);
    imply_exec(false);
    modes_changed_ = false;
  }
  if (right_dropped_) set_lock_right(LockRight::kept);
  if (heap_changed_) {
    set_heap(arena_start);
    heap_changed_ = false;
  }
  // A sanitizer keeps its shadow there; nothing is placed there with it.
  bool unmapped = system_call(SYS_munmap, arena_start, shape_.pages * page) == 0;
  if (Shape::compares_placement) {
    unmapped &= system_call(SYS_munmap, low_start, low_reach - low_start) == 0;
  }
  for (std::size_t i = 0; i < segments_.size(); ++i) attached_outside_[i] = read_attached(i);
  return unmapped;
}

void KernelArena::unmap(std::uint64_t start, std::uint64_t length) {
  system_call(SYS_munmap, start, length);
}

}  // namespace vmarea::live
