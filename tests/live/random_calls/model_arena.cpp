// SPDX-License-Identifier: MIT
#include "live/random_calls/model_arena.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>
#include <vector>

#include <vmarea/check.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::live {
namespace {

/// The userland host with the profile of this machine. Shared memory knows where it ends.
struct Host : shims::UserlandOf<Host> {
  struct SharedMemory : shims::File<Host> {
    std::uint64_t length_bytes = 0;
  };

  static Result<FileHandle> make_shared_memory(std::uint64_t bytes) noexcept {
    auto* memory = new (std::nothrow) SharedMemory;
    if (memory == nullptr) return Error::no_memory;
    memory->references = 1;
    memory->owned_by_areas = true;
    memory->length_bytes = bytes;
    return memory;
  }
  static void release_file(FileHandle file) noexcept {
    if (--file->references == 0 && file->owned_by_areas) delete static_cast<SharedMemory*>(file);
  }

  KernelProfile running = linux_6_18;
  KernelProfile profile() const noexcept { return running; }
};

using Space = AddressSpace<Host>;

std::int64_t number_of(Result<void> result) {
  return -static_cast<std::int64_t>(result.error());
}

std::int64_t number_of(Result<Address> result) {
  return result ? static_cast<std::int64_t>(*result) : -static_cast<std::int64_t>(result.error());
}

/// As a processor does: first the stack above grows, then the page is touched.
std::int64_t touch(Space& space, Address at, Touch touch) {
  if (space.find(at) == nullptr && !space.grow_stack(at)) return -EFAULT;
  return space.touch(at, touch) ? 0 : -EFAULT;
}

/// The range whose pages the call may touch; length 1 for a single one.
Range touched_by(const Call& call) {
  const bool populates = call.operation == Operation::mlock ||
                         call.operation == Operation::mlock_on_fault ||
                         call.operation == Operation::mprotect ||
                         (call.operation == Operation::madvise &&
                          (call.advice == static_cast<std::int32_t>(Advice::populate_read) ||
                           call.advice == static_cast<std::int32_t>(Advice::populate_write)));
  if (populates) return {call.address, call.address + std::min(call.length, arena_end)};
  const bool touches = call.operation == Operation::read || call.operation == Operation::write;
  return touches ? Range{call.address, call.address + 1} : Range{};
}

/// Whether every page of the area that may be touched can be.
bool can_be_touched(const Area<Host>& area, const Call& call) {
  if (call.operation == Operation::mprotect && !area.flags.has_any(flag::locked)) return true;
  // What cannot be locked is touched even by a lock on fault.
  if (call.operation == Operation::mlock_on_fault && !area.flags.has_any(flag::droppable)) {
    return true;
  }
  if (area.flags.has_any(flag::maybe_guard)) return false;
  if (area.file == nullptr || !area.file->owned_by_areas) return true;
  const auto& memory = static_cast<const Host::SharedMemory&>(*area.file);
  return area.page_offset * page + area.length() <= memory.length_bytes;
}

/// The calls that take a range and little else.
std::int64_t change_range(Space& space, const Call& call) {
  const Address start = call.address;
  const std::uint64_t length = call.length;
  switch (call.operation) {
    case Operation::munmap:
      return number_of(space.munmap(start, length));
    case Operation::mprotect:
      return number_of(space.mprotect(start, length, Protection(call.protection)));
    case Operation::madvise:
      return number_of(space.madvise(start, length, static_cast<Advice>(call.advice)));
    case Operation::mlock:
      return number_of(space.mlock(start, length, Locking::lock));
    case Operation::mlock_on_fault:
      return number_of(space.mlock(start, length, Locking::lock_on_fault));
    case Operation::munlock:
      return number_of(space.mlock(start, length, Locking::unlock));
    case Operation::mseal:
      return number_of(space.mseal(start, length));
    default:
      return -ENOSYS;
  }
}

}  // namespace

/// The newest space is the one that goes on; the others are its ancestors, which still live.
struct ModelArena::Spaces {
  Host host;
  std::array<shims::File<Host>, file_count> files;
  std::vector<std::unique_ptr<Space>> generations;
};

ModelArena::ModelArena(bool reads_allocate) : spaces_(std::make_unique<Spaces>()) {
  spaces_->host.running.reads_share_zero_page = !reads_allocate;
  spaces_->files[static_cast<unsigned>(File::read_only)].rules.writable = false;
  spaces_->generations.push_back(std::make_unique<Space>(spaces_->host));
}

ModelArena::~ModelArena() {
  while (!spaces_->generations.empty()) spaces_->generations.pop_back();
}

bool ModelArena::can_follow(const Call& call) const {
  const Range touched = touched_by(call);
  if (touched.empty()) return true;
  for (const auto& area : spaces_->generations.back()->areas()) {
    if (area.range().overlaps(touched) && !can_be_touched(area, call)) return false;
  }
  return true;
}

std::int64_t ModelArena::execute(const Call& call) {
  Space& space = *spaces_->generations.back();
  switch (call.operation) {
    case Operation::mmap: {
      const bool has_file = call.file != File::none;
      return number_of(space.mmap(
          {.address = call.address,
           .length = call.length,
           .protection = Protection(call.protection),
           .flags = MapFlags(call.flags),
           .file = has_file ? &spaces_->files[static_cast<unsigned>(call.file)] : nullptr,
           .offset = call.offset}));
    }
    case Operation::mremap:
      return number_of(space.mremap({.address = call.address,
                                     .old_length = call.length,
                                     .new_length = call.new_length,
                                     .flags = RemapFlags(call.flags),
                                     .new_address = call.new_address}));
    case Operation::read:
      return touch(space, call.address, Touch::read);
    case Operation::write:
      return touch(space, call.address, Touch::write);
    case Operation::fork: {
      auto child = std::make_unique<Space>(spaces_->host);
      const std::int64_t result = number_of(space.fork_into(*child));
      if (call.flags == static_cast<std::uint32_t>(ForkGoesOn::in_child)) {
        spaces_->generations.push_back(std::move(child));
      }
      return result;
    }
    default:
      return change_range(space, call);
  }
}

bool ModelArena::clear() {
  Space& space = *spaces_->generations.back();
  return space.munmap(arena_start, arena_pages * page) && space.area_count() == 0;
}

void ModelArena::unmap(std::uint64_t start, std::uint64_t length) {
  static_cast<void>(static_cast<bool>(spaces_->generations.back()->munmap(start, length)));
}

void ModelArena::read_areas(Picture& picture) const {
  picture.clear();
  for (const auto& area : spaces_->generations.back()->areas()) {
    if (area.end <= arena_start || area.start >= arena_end) continue;
    picture.add({area.start, area.end, area.flags, area.anonymous() ? 0 : area.page_offset * page,
                 area.identity.value()});
  }
}

const PageTotals& ModelArena::totals() const {
  return spaces_->generations.back()->totals();
}

const char* ModelArena::what_is_broken() const {
  return check(spaces_->generations.back()->state()).what;
}

}  // namespace vmarea::live
