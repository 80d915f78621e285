// SPDX-License-Identifier: MIT
#include "live/random_calls/kernel_arena.hpp"

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vmarea/explain.hpp>

namespace vmarea::live {
namespace {

constexpr long mseal_number = 462;

/// The argument of the PROCMAP_QUERY ioctl, as proc_pid_maps(5) has it.
struct AreaQuery {
  std::uint64_t size = sizeof(AreaQuery);
  std::uint64_t query_flags = 0;
  std::uint64_t query_address = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t flags = 0;
  std::uint64_t page_size = 0;
  std::uint64_t offset = 0;
  std::uint64_t inode = 0;
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint32_t name_size = 0;
  std::uint32_t build_id_size = 0;
  std::uint64_t name_address = 0;
  std::uint64_t build_id_address = 0;
};
constexpr std::uint64_t query_readable = 1;
constexpr std::uint64_t query_writable = 2;
constexpr std::uint64_t query_executable = 4;
constexpr std::uint64_t query_shared = 8;
constexpr std::uint64_t query_covering_or_next = 16;
constexpr unsigned long query_request = _IOWR('f', 17, AreaQuery);

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

Flags flags_of_query(std::uint64_t bits) {
  return Flags{}
      .with_if((bits & query_readable) != 0, flag::read)
      .with_if((bits & query_writable) != 0, flag::write)
      .with_if((bits & query_executable) != 0, flag::exec)
      .with_if((bits & query_shared) != 0, flag::may_share);
}

/// Reads hexadecimal digits and takes them away.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t value = 0;
  while (!text.empty()) {
    const char c = text.front();
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    value = value * 16 + static_cast<unsigned>(digit);
    text.remove_prefix(1);
  }
  return value;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// The start-end permissions offset line of an area; false for any other line of smaps.
bool parse_head(std::string_view line, SeenArea& area) {
  area = {};
  area.start = take_number(line);
  if (!line.starts_with('-')) return false;
  line.remove_prefix(1);
  area.end = take_number(line);
  if (line.size() < 6 || line.front() != ' ') return false;
  line.remove_prefix(6);
  area.offset = take_number(line);
  return true;
}

Flags parse_letters(std::string_view words) {
  Flags flags;
  while (words.size() >= 2) {
    if (words.front() == ' ') {
      words.remove_prefix(1);
      continue;
    }
    flags |= flag_named(words[0], words[1]);
    words.remove_prefix(2);
  }
  return flags;
}

/// Adds the area whose flags this line has; `area` is the one whose lines are being read.
void parse_line(std::string_view line, SeenArea& area, Picture& picture) {
  constexpr std::string_view flags_line = "VmFlags:";
  if (line.starts_with(flags_line)) {
    area.flags = parse_letters(line.substr(flags_line.size()));
    if (area.start < arena_end && area.end > arena_start) picture.add(area);
  } else if (SeenArea head; parse_head(line, head)) {
    area = head;
  }
}

/// The pages in the line of /proc/self/status that begins with `name`.
std::int64_t pages_in(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  std::int64_t kilobytes = 0;
  text.remove_prefix(at + name.size());
  for (const char c : take_line(text)) {
    if (c >= '0' && c <= '9') kilobytes = kilobytes * 10 + (c - '0');
  }
  return kilobytes * 1024 / std::int64_t{page};
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

KernelArena::KernelArena() : smaps_text_(std::make_unique<char[]>(smaps_size_)) {
  files_[static_cast<unsigned>(File::first)] = new_file("first");
  files_[static_cast<unsigned>(File::second)] = new_file("second");
  const std::string again = fmt::format("/proc/self/fd/{}", files_[0]);
  files_[static_cast<unsigned>(File::other_open)] = open_or_die(again.c_str(), O_RDWR);
  files_[static_cast<unsigned>(File::read_only)] = open_or_die(again.c_str(), O_RDONLY);
  open_maps();
  catch_faults();
}

KernelArena::~KernelArena() {
  for (const int descriptor : files_) close(descriptor);
  close(maps_);
  close(smaps_);
  close(status_);
}

std::string KernelArena::why_unusable() const {
  AreaQuery query;
  query.query_address = arena_start;
  query.query_flags = query_covering_or_next;
  if (ioctl(maps_, query_request, &query) != 0) return "the kernel has no PROCMAP_QUERY (6.11)";
  if (query.start < arena_end) return "something is mapped in the arena";
  return {};
}

bool KernelArena::reads_allocate() {
  // An area with an identity stays accounted when it becomes unwritable, one without does not.
  Call call;
  call.address = arena_start;
  call.length = page;
  call.protection = PROT_READ | PROT_WRITE;
  call.flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
  execute(call);
  touch(call.address, false);
  call.operation = Operation::mprotect;
  call.protection = PROT_READ;
  execute(call);
  Picture picture;
  read_all_flags(picture);
  clear();
  return picture.areas().size() == 1 && picture.areas().front().flags.has_any(flag::account);
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
    case Operation::fork:
      break;
  }
  abort();
}

bool KernelArena::clear() {
  return system_call(SYS_munmap, arena_start, arena_pages * page) == 0;
}

void KernelArena::unmap(std::uint64_t start, std::uint64_t length) {
  system_call(SYS_munmap, start, length);
}

void KernelArena::read_areas(Picture& picture) const {
  picture.clear();
  AreaQuery query;
  query.query_flags = query_covering_or_next;
  query.end = arena_start;
  while (query.end < arena_end) {
    query.query_address = query.end;
    query.name_size = 0;
    query.build_id_size = 0;
    if (ioctl(maps_, query_request, &query) != 0 || query.start >= arena_end) return;
    picture.add({query.start, query.end, flags_of_query(query.flags), query.offset, 0});
  }
}

void KernelArena::read_all_flags(Picture& picture) {
  picture.clear();
  lseek(smaps_, 0, SEEK_SET);
  std::size_t size = 0;
  std::size_t parsed = 0;
  SeenArea area;
  // The arena lies below libraries and stack, and a reading costs by the area: no further than it.
  while (area.start < arena_end && size < smaps_size_) {
    const ssize_t got = ::read(smaps_, smaps_text_.get() + size, smaps_size_ - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
    std::string_view text(smaps_text_.get() + parsed, size - parsed);
    text = text.substr(0, text.rfind('\n') + 1);
    parsed += text.size();
    while (!text.empty()) parse_line(take_line(text), area, picture);
  }
}

PageTotals KernelArena::read_totals() const {
  std::array<char, 4096> buffer;
  const ssize_t size = pread(status_, buffer.data(), buffer.size(), 0);
  const std::string_view text(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  PageTotals totals;
  totals.total = pages_in(text, "\nVmSize:");
  totals.data = pages_in(text, "\nVmData:");
  totals.exec = pages_in(text, "\nVmExe:") + pages_in(text, "\nVmLib:");
  totals.stack = pages_in(text, "\nVmStk:");
  totals.locked = pages_in(text, "\nVmLck:");
  return totals;
}

void KernelArena::become_child() {
  close(maps_);
  close(smaps_);
  close(status_);
  open_maps();
}

void KernelArena::open_maps() {
  maps_ = open_or_die("/proc/self/maps", O_RDONLY);
  smaps_ = open_or_die("/proc/self/smaps", O_RDONLY);
  status_ = open_or_die("/proc/self/status", O_RDONLY);
}

}  // namespace vmarea::live
