// SPDX-License-Identifier: MIT
#include "live/random_calls/model_arena.hpp"

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::live {
namespace {

/// The userland host with the profile of this machine.
struct Host : shims::UserlandOf<Host> {
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
  return static_cast<bool>(space.munmap(arena_start, arena_pages * page));
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

const char* ModelArena::what_is_broken() const {
  return nullptr;
}

}  // namespace vmarea::live
