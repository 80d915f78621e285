// SPDX-License-Identifier: MIT
#include "traced_memory.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <sys/syscall.h>
#include <unistd.h>

namespace tracer {

using namespace vmarea;

namespace {

std::string text_of(pid_t pid, const char* file) {
  std::ifstream stream("/proc/" + std::to_string(pid) + "/" + file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Neighbours with the same access count as one.
struct Memory {
  Range range;
  Flags access;
  friend bool operator==(const Memory&, const Memory&) = default;
};
std::vector<Memory> memory_of(const TracedMemory::Space& space) {
  std::vector<Memory> all;
  for (const auto& area : space.areas()) {
    const Flags access = area.flags & (flag::access | flag::may_share);
    const bool goes_on =
        !all.empty() && all.back().range.end == area.start && all.back().access == access;
    if (goes_on) {
      all.back().range.end = area.end;
    } else {
      all.push_back({area.range(), access});
    }
  }
  return all;
}

}  // namespace

TracedMemory::TracedMemory(pid_t pid) : pid_(pid) {
  const std::string stat = text_of(pid, "stat");
  const auto report = shims::import_smaps(text_of(pid, "smaps"), space_, files_, {.stat = stat});
  if (!report) {
    std::fprintf(stderr, "smaps of %d: %s\n", pid, report.error->message().c_str());
    std::exit(2);
  }
}

bool TracedMemory::follow(const SystemCall& call) {
  switch (call.number) {
    case SYS_mmap:
    case SYS_munmap:
    case SYS_mprotect:
    case SYS_mremap:
    case SYS_madvise:
    case SYS_brk:
      break;
    default:
      return false;
  }
  const bool was_refused = call.answer < 0 && call.answer > -4096;
  if (was_refused) return true;
  if (const Result<void> made = make(call); !made) {
    std::fprintf(stderr, "system call %llu is refused here: errno %d\n",
                 static_cast<unsigned long long>(call.number), static_cast<int>(made.error()));
    ++surprises_;
  }
  return true;
}

Result<void> TracedMemory::make(const SystemCall& call) {
  const auto* a = call.arguments;
  const auto answer = static_cast<Address>(call.answer);
  switch (call.number) {
    case SYS_mmap:
      return map(call);
    case SYS_munmap:
      return space_.munmap(a[0], a[1]);
    case SYS_mprotect:
      return space_.mprotect(a[0], a[1], Protection{static_cast<std::uint32_t>(a[2])});
    case SYS_mremap: {
      MremapRequest request{a[0], a[1], a[2], RemapFlags{static_cast<std::uint32_t>(a[3])}, a[4]};
      if (answer != a[0]) {
        request.flags |= remap::may_move | remap::fixed;
        request.new_address = answer;
      }
      return space_.mremap(request).transform([](Address) {});
    }
    case SYS_madvise:
      return space_.madvise(a[0], a[1], static_cast<Advice>(a[2]));
    default:
      return space_.brk(a[0]) == answer ? success : Result<void>(Error::no_memory);
  }
}

/// Goes where the kernel has put it.
Result<void> TracedMemory::map(const SystemCall& call) {
  const auto* a = call.arguments;
  MmapRequest<shims::Userland> request{
      .address = static_cast<Address>(call.answer),
      .length = a[1],
      .protection = Protection{static_cast<std::uint32_t>(a[2])},
      .flags = MapFlags{static_cast<std::uint32_t>(a[3])} | map::fixed};
  if (!request.flags.has_any(map::anonymous)) {
    request.file = file_of(a[4]);
    request.offset = a[5];
  }
  return space_.mmap(request).transform([](Address) {});
}

shims::File<shims::Userland>* TracedMemory::file_of(std::uint64_t descriptor) {
  const std::string link = "/proc/" + std::to_string(pid_) + "/fd/" + std::to_string(descriptor);
  char path[4096];
  const ssize_t length = readlink(link.c_str(), path, sizeof path);
  shims::MapsLine line;
  if (length > 0) line.path = {path, static_cast<std::size_t>(length)};
  return files_.open(line);
}

void TracedMemory::grow_stack_like(const TracedMemory& other) {
  const auto* stack = other.space_.find(other.space_.layout().start_stack);
  if (stack != nullptr) (void)space_.grow_stack(stack->start);
}

bool TracedMemory::looks_like(const TracedMemory& other) const {
  return memory_of(space_) == memory_of(other.space_);
}

}  // namespace tracer
