// SPDX-License-Identifier: MIT
#include "guest_memory.hpp"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

#include <sys/mman.h>
#include <unistd.h>

namespace emulator {

using namespace vmarea;

namespace {

unsigned char* map_or_die(int memory, int protection) {
  void* at = ::mmap(nullptr, guest_bytes, protection, MAP_SHARED, memory, 0);
  if (at == MAP_FAILED) {
    std::perror("mmap");
    std::exit(2);
  }
  return static_cast<unsigned char*>(at);
}

int host_bits(const HostProtection& page) {
  return static_cast<int>(protection_of(page.access).bits());
}

}  // namespace

GuestMemory::GuestMemory(std::function<bool()> fails)
    : fails_(std::move(fails)),
      host_page_(static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))),
      protections_(guest_bytes / host_page_, PROT_NONE),
      space_({}, {.mmap_base = guest_bytes, .legacy_base = 0x4000}) {
  const int memory = memfd_create("guest", MFD_CLOEXEC);
  if (memory < 0 || ftruncate(memory, guest_bytes) != 0) {
    std::perror("memfd_create");
    std::exit(2);
  }
  bytes_ = map_or_die(memory, PROT_READ | PROT_WRITE);
  translated_ = map_or_die(memory, PROT_NONE);
  close(memory);
}

GuestMemory::~GuestMemory() {
  ::munmap(bytes_, guest_bytes);
  ::munmap(translated_, guest_bytes);
}

/// The change, if the host's pages can be protected as it asks; nothing of it else. Bytes move
/// after the commit, for that cannot fail.
template <class SomeChange>
auto GuestMemory::apply(SomeChange change) -> decltype(change.status()) {
  std::vector<HostCall> calls;
  std::set<std::uint64_t> concerned;
  const auto note = [&](Range range) {
    for (Address at = range.start; at < range.end; at = (at / host_page_ + 1) * host_page_) {
      concerned.insert(at / host_page_);
    }
  };
  change.for_each_step([&](const Step<Guest>& step) {
    for_each_host_call(step, Guest::geometry(), [&](const HostCall& call) {
      calls.push_back(call);
      note(call.range);
      if (call.kind == HostCallKind::move) note({call.to, call.to + call.range.length()});
    });
  });
  std::vector<HostPage> wanted;
  for (const std::uint64_t page : concerned) {
    const Range range{page * host_page_, (page + 1) * host_page_};
    wanted.push_back({page, host_bits(change.host_protection(range))});
  }
  const auto result = change.run([&] { return protect(wanted); });
  if (result) {
    for (const HostCall& call : calls) move_bytes(call);
  }
  return result;
}

Result<Address> GuestMemory::mmap(const MmapRequest<Guest>& request) {
  return apply(space_.plan_mmap(request));
}
Result<void> GuestMemory::munmap(Address start, std::uint64_t length) {
  return apply(space_.plan_munmap(start, length));
}
Result<void> GuestMemory::mprotect(Address start, std::uint64_t length, Protection protection) {
  return apply(space_.plan_mprotect(start, length, protection));
}
Result<Address> GuestMemory::mremap(const MremapRequest& request) {
  return apply(space_.plan_mremap(request));
}

/// All of them, or none: what was done when one fails is undone.
Result<void> GuestMemory::protect(const std::vector<HostPage>& wanted) {
  const auto set = [this](std::uint64_t page, int protection) {
    return ::mprotect(translated_ + page * host_page_, host_page_, protection);
  };
  for (std::size_t done = 0; done < wanted.size(); ++done) {
    if (!fails_() && set(wanted[done].index, wanted[done].protection) == 0) continue;
    // The host had room for these areas a moment ago, so it has now.
    while (done-- > 0) (void)set(wanted[done].index, protections_[wanted[done].index]);
    return Error::no_memory;
  }
  for (const HostPage& page : wanted) protections_[page.index] = page.protection;
  return success;
}

void GuestMemory::move_bytes(const HostCall& call) {
  const Range range = call.range;
  switch (call.kind) {
    case HostCallKind::move:
      std::memcpy(bytes_ + call.to, bytes_ + range.start, range.length());
      [[fallthrough]];
    case HostCallKind::map:
    case HostCallKind::unmap:
    case HostCallKind::drop:
      std::memset(bytes_ + range.start, 0, range.length());
      return;
    case HostCallKind::protect:
      return;
  }
}

bool GuestMemory::load(Address at, unsigned char& value) const {
  const Area<Guest>* area = space_.find(at);
  if (area == nullptr || !area->flags.has_any(flag::read)) return false;
  value = bytes_[at];
  return true;
}

bool GuestMemory::store(Address at, unsigned char value) {
  const Area<Guest>* area = space_.find(at);
  if (area == nullptr || !area->flags.has_any(flag::write)) return false;
  bytes_[at] = value;
  return true;
}

bool GuestMemory::host_agrees() const {
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  if (maps == nullptr) return false;
  const auto base = reinterpret_cast<std::uint64_t>(translated_);
  std::vector<int> seen(protections_.size(), -1);
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    char access[5] = "";
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, access) != 3) continue;
    if (start < base || end > base + guest_bytes) continue;
    const int bits = (access[0] == 'r' ? PROT_READ : 0) | (access[1] == 'w' ? PROT_WRITE : 0) |
                     (access[2] == 'x' ? PROT_EXEC : 0);
    for (; start < end; start += host_page_) seen[(start - base) / host_page_] = bits;
  }
  std::fclose(maps);
  for (std::size_t page = 0; page < seen.size(); ++page) {
    HostProtection all;
    for (Address at = page * host_page_; at < (page + 1) * host_page_; at += guest_page) {
      const Area<Guest>* area = space_.find(at);
      if (area != nullptr) all.access |= area->flags & flag::access;
    }
    if (seen[page] != host_bits(all)) return false;
  }
  return true;
}

}  // namespace emulator
