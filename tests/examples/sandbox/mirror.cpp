// SPDX-License-Identifier: MIT
#include "mirror.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandbox {

using namespace vmarea;

namespace {

constexpr std::uint64_t page_bytes = 4096;

int make_memory() {
  const int memory = memfd_create("sandbox", MFD_CLOEXEC);
  if (memory < 0 || ftruncate(memory, static_cast<off_t>(2 * arena.length())) != 0) {
    std::perror("memfd_create");
    std::exit(2);
  }
  return memory;
}

int open_maps(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/maps";
  const int maps = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (maps < 0) {
    std::perror(path.c_str());
    std::exit(2);
  }
  return maps;
}

std::string read_from_start(int file) {
  std::string text;
  char block[1 << 14];
  for (ssize_t got = 0;
       (got = pread(file, block, sizeof block, static_cast<off_t>(text.size()))) > 0;) {
    text.append(block, static_cast<std::size_t>(got));
  }
  return text;
}

Result<void> answer_of(long answer) {
  return answer < 0 ? Error{static_cast<int>(-answer)} : success;
}

}  // namespace

Mirror::Mirror(std::function<bool()> fails)
    : fails_(std::move(fails)),
      memory_(make_memory()),
      maps_(open_maps(stub_.pid())),
      file_{.rules = {.storage = Storage::memory}},
      space_({}, {.mmap_base = arena.end, .legacy_base = arena.start}) {}

Mirror::~Mirror() {
  close(maps_);
  close(memory_);
}

/// The change, if the child's system call succeeds; nothing of it else.
template <class SomeChange, class SystemCall>
auto Mirror::together(SomeChange change, SystemCall&& make) -> decltype(change.status()) {
  bool failed = false;
  const auto result = change.run([&]() -> Result<void> {
    const Result<void> made = fails_() ? Error::no_memory : answer_of(make());
    failed = !made;
    return made;
  });
  if (failed) {
    ++failures;
    do_what_the_host_did();
  }
  return result;
}

Result<Address> Mirror::mmap(const MmapRequest<Host>& request) {
  auto change = space_.plan_mmap(request);
  const Result<Address> at = change.status();
  // The tracker chooses the address, and the system call must take it.
  const MapFlags flags = request.flags | map::fixed;
  const int memory = request.flags.has_any(map::anonymous) ? -1 : memory_;
  return together(std::move(change), [&] {
    return stub_.call(SYS_mmap, *at, request.length, request.protection.bits(), flags.bits(),
                      memory, request.offset);
  });
}

Result<void> Mirror::munmap(Range range) {
  return together(space_.plan_munmap(range.start, range.length()),
                  [&] { return stub_.call(SYS_munmap, range.start, range.length()); });
}

Result<void> Mirror::mprotect(Range range, Protection protection) {
  return together(space_.plan_mprotect(range.start, range.length(), protection), [&] {
    return stub_.call(SYS_mprotect, range.start, range.length(), protection.bits());
  });
}

Result<Address> Mirror::mremap(MremapRequest request) {
  auto change = space_.plan_mremap(request);
  const Result<Address> at = change.status();
  if (at && *at != request.address) {
    request.flags |= remap::may_move | remap::fixed;
    request.new_address = *at;
  }
  return together(std::move(change), [&] {
    return stub_.call(SYS_mremap, request.address, request.old_length, request.new_length,
                      request.flags.bits(), request.new_address);
  });
}

Result<void> Mirror::madvise(Range range, Advice advice) {
  return together(space_.plan_madvise(range.start, range.length(), advice), [&] {
    return stub_.call(SYS_madvise, range.start, range.length(), static_cast<int>(advice));
  });
}

Result<void> Mirror::touch(Address at) {
  return together(space_.plan_touch(at, Touch::write), [&] { return stub_.touch(at), 0L; });
}

/// What is gone there goes here, what may be done there may be done here, and what was cut there is
/// cut here. Nothing can have come: a call that fails maps nothing.
void Mirror::do_what_the_host_did() {
  const std::vector<Mapping> host = host_mappings();
  if (host == tracked_mappings()) return;
  ++half_done;
  Result<void> done = success;
  Address unmapped_from = arena.start;
  const auto unmap_upto = [&](Address end) {
    if (done && unmapped_from < end) done = space_.munmap(unmapped_from, end - unmapped_from);
  };
  for (const Mapping& mapping : host) {
    unmap_upto(mapping.range.start);
    unmapped_from = mapping.range.end;
    const Range range = mapping.range;
    // Where nothing differs, these change nothing.
    if (done) done = space_.mprotect(range.start, range.length(), mapping.protection);
    if (done) done = space_.split(range.start);
  }
  unmap_upto(arena.end);
  if (!done) {
    std::fprintf(stderr, "cannot follow the host: errno %d\n", static_cast<int>(done.error()));
    std::exit(2);
  }
}

std::vector<Mapping> Mirror::host_mappings() const {
  std::vector<Mapping> mappings;
  const std::string text = read_from_start(maps_);
  for (std::size_t line = 0; line < text.size(); line = text.find('\n', line) + 1) {
    Mapping read;
    char access[5] = "";
    std::sscanf(text.c_str() + line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64, &read.range.start,
                &read.range.end, access, &read.offset_bytes);
    if (!read.range.overlaps(arena)) continue;
    if (access[0] == 'r') read.protection |= prot::read;
    if (access[1] == 'w') read.protection |= prot::write;
    if (access[2] == 'x') read.protection |= prot::exec;
    read.is_shared = access[3] == 's';
    mappings.push_back(read);
  }
  return mappings;
}

std::vector<Mapping> Mirror::tracked_mappings() const {
  std::vector<Mapping> mappings;
  for (const Area<Host>& area : space_.areas()) {
    // The kernel numbers anonymous memory, too, but shows no offset of it.
    const std::uint64_t offset = area.file == nullptr ? 0 : area.page_offset * page_bytes;
    mappings.push_back(
        {area.range(), protection_of(area.flags), area.flags.has_any(flag::may_share), offset});
  }
  return mappings;
}

void Mirror::limit_data(std::uint64_t bytes) {
  std::uint64_t pages_in_use = 0;
  const std::string path = "/proc/" + std::to_string(stub_.pid()) + "/statm";
  if (std::FILE* statm = std::fopen(path.c_str(), "r")) {
    // The sixth number is what RLIMIT_DATA counts, and the stack.
    if (std::fscanf(statm, "%*u %*u %*u %*u %*u %" SCNu64, &pages_in_use) != 1) pages_in_use = 0;
    std::fclose(statm);
  }
  const rlimit limit{.rlim_cur = pages_in_use * page_bytes + bytes, .rlim_max = RLIM_INFINITY};
  if (prlimit(stub_.pid(), RLIMIT_DATA, &limit, nullptr) != 0) std::perror("prlimit");
}

}  // namespace sandbox
