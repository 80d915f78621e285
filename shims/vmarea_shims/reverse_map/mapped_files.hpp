// SPDX-License-Identifier: MIT
//
// Files as plain objects that know the areas that map them: File with the tree of the reverse map.
//
// Two open files of one inode share a mapping: let the second one's `mapping` point to the first's.
#pragma once

#include <cstdint>
#include <new>

#include <vmarea_shims/files.hpp>
#include <vmarea_shims/reverse_map/identity.hpp>

namespace vmarea::shims {

/// Mapping: FileMapping, or with a lock of the host's own.
template <class Services, class Mapping = FileMapping>
struct MappedFile : File<Services> {
  Mapping own_mapping{};
  Mapping* mapping = &own_mapping;
};

/// The file services over MappedFile; mapping_of() is for ReverseMap.
template <class Services, class Mapping = FileMapping>
struct MappedFiles : PlainFiles<Services> {
  using FileHandle = MappedFile<Services, Mapping>*;

  static Result<FileHandle> make_shared_memory(std::uint64_t) noexcept {
    auto* file = new (std::nothrow) MappedFile<Services, Mapping>;
    if (file == nullptr) return Error::no_memory;
    file->rules.storage = Storage::anonymous_memory;
    file->references = 1;
    file->owned_by_areas = true;
    return file;
  }
  static Result<FileHandle> make_huge_memory(std::uint64_t bytes, unsigned page_shift) noexcept {
    const Result<FileHandle> file = make_shared_memory(bytes);
    if (!file) return file;
    (*file)->use_huge_pages(page_shift);
    return file;
  }
  static void release_file(FileHandle file) noexcept {
    if (--file->references == 0) end_file(file);
  }
  static Mapping& mapping_of(FileHandle file) noexcept { return *file->mapping; }
};

}  // namespace vmarea::shims
