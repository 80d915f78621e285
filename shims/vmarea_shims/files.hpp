// SPDX-License-Identifier: MIT
//
// Files as plain objects: what mmap may do with one, and what its driver makes of a mapping.
//
//   File<Userland> library{.rules = {.writable = false}};
//   space.mmap({..., .flags = map::private_, .file = &library});
//
// The handle is the object's address: two File objects are two open files, even of one inode.
#pragma once

#include <cstdint>
#include <new>

#include <vmarea/host/services.hpp>
#include <vmarea/plan/edit.hpp>
#include <vmarea/types/huge_pages.hpp>

namespace vmarea::shims {

/// One open file. The owner keeps it alive while areas refer to it (`references` tells).
template <class Services>
struct File {
  FileRules rules{};
  Flags adds{};     // What the driver sets on every area of it,
  Flags removes{};  // and what it takes away.
  const AreaHooks<Services>* hooks = &no_hooks<Services>;
  bool anonymous_if_private = false;  // As /dev/zero is.
  Error refuses = Error::none;        // The driver's answer to every mapping.
  std::uint64_t references = 0;
  bool owned_by_areas = false;  // Ends with its last area: anonymous shared memory.
  // Told of the end of the last reference, in place of the deletion: a type of its own.
  void (*ended)(File&) noexcept = nullptr;

  /// From now on a file of pages of that size in memory, as one of hugetlbfs is.
  void use_huge_pages(unsigned page_shift) noexcept {
    rules.storage = Storage::memory;
    rules.page_shift = page_shift;
    hooks = huge_page_hooks<Services>(page_shift);
  }
};

/// What comes after the last reference went.
template <class HostFile>
void end_file(HostFile* file) noexcept {
  if (file->ended != nullptr) return file->ended(*file);
  if (file->owned_by_areas) delete file;
}

/// The file services over File.
template <class Services>
struct PlainFiles {
  using FileHandle = File<Services>*;

  static FileRules file_rules(FileHandle file) noexcept { return file->rules; }

  static Result<void> prepare_mapping(FileHandle file, Description<Services>& wanted) noexcept {
    if (file->refuses != Error::none) return file->refuses;
    const bool shared = wanted.flags.has_any(flag::shared | flag::may_share);
    wanted.hooks = file->anonymous_if_private && !shared ? nullptr : file->hooks;
    wanted.flags = wanted.flags.without(file->removes) | file->adds;
    return {};
  }

  static Result<FileHandle> make_shared_memory(std::uint64_t) noexcept {
    auto* file = new (std::nothrow) File<Services>{
        .rules = {.storage = Storage::anonymous_memory}, .references = 1, .owned_by_areas = true};
    if (file == nullptr) return Error::no_memory;
    return file;
  }
  static Result<FileHandle> make_huge_memory(std::uint64_t, unsigned page_shift) noexcept {
    auto* file = new (std::nothrow) File<Services>{.references = 1, .owned_by_areas = true};
    if (file == nullptr) return Error::no_memory;
    file->use_huge_pages(page_shift);
    return file;
  }
  static void retain_file(FileHandle file) noexcept { ++file->references; }
  static void release_file(FileHandle file) noexcept {
    if (--file->references == 0) end_file(file);
  }
};

}  // namespace vmarea::shims
