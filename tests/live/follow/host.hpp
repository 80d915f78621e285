// SPDX-License-Identifier: MIT
//
// Our side of the door: files are open files of the followed program, limits are its limits, and
// what only a driver can know is taken from the kernel (see Nature::driver).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/proc/area_names.hpp>
#include <vmarea_shims/userland.hpp>

#include "attributes.hpp"
#include "kernel_maps.hpp"

namespace follow {

class FileRegistry;
struct Services;

/// What decides about mappings of a file.
enum class Nature : std::uint8_t {
  ordinary,       // The rules alone: a file of a file system, a memfd, a file the loader mapped.
  zero_device,    // /dev/zero: anonymous memory if private, shared memory if shared.
  shared_memory,  // Anonymous shared memory, made by the call itself.
  segment,        // A SysV segment, attached once.
  huge_memory,    // Anonymous memory of huge pages, private or shared, made by the call itself.
  driver,         // A device, socket, proc file ...: the kernel's flags and errno are its decision.
};

/// An open file. Two mappings can be one area only if they are of the same one.
struct OpenFile {
  Nature nature = Nature::ordinary;
  vmarea::FileRules rules;
  std::string name;       // As maps shows it, but for newlines.
  FileId id;              // As maps shows it.
  bool id_known = false;  // False: to be learned from the kernel's first line about it.
  int duplicate = -1;     // Ours, of the same open file; what kcmp compares with.
  std::optional<std::uint64_t> fixed_size;  // In bytes, of memory made for mapping.
  unsigned references = 0;                  // Of areas, and of the call under way.
  FileRegistry* registry = nullptr;
  std::uint64_t seen_as = 0;  // Where the kernel's lies whose id was compared last; 0: none.
  bool is_listed = false;     // There, among those that may have lost their last reference.
  // Ours, of the file's place alone: it neither keeps locks nor stands for the open file.
  int place = -1;

  // The driver's decision about the mapping that is being made.
  std::optional<vmarea::Flags> decided_flags;
  vmarea::Error refusal = vmarea::Error::none;
};

/// Takes a reference away, perhaps the last one.
void drop_reference(OpenFile& file) noexcept;

/// Keeps a file from being forgotten while a call is under way. Null holds nothing.
class HeldFile {
 public:
  HeldFile() = default;
  explicit HeldFile(OpenFile* file) : file_(file) {
    if (file_ != nullptr) ++file_->references;
  }
  HeldFile(HeldFile&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
  HeldFile& operator=(HeldFile&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~HeldFile() {
    if (file_ != nullptr) drop_reference(*file_);
  }
  OpenFile* get() const { return file_; }

 private:
  OpenFile* file_ = nullptr;
};

/// What one address space asks its host about; refreshed before each call.
struct HostState {
  FileRegistry* files = nullptr;
  vmarea::Limits limits;
  vmarea::KernelProfile profile;
  vmarea::PageCount charge_max = ~vmarea::PageCount{0};  // One charge above it is refused.
};

struct Services : vmarea::shims::HeapMemory,
                  vmarea::shims::AbortOnBrokenPromise,
                  vmarea::NoLocks,
                  vmarea::NoReverseMap,
                  vmarea::NoPageTables,
                  KeptAttributes,
                  vmarea::NoNotifications {
  static constexpr bool checks = true;
  using FileHandle = OpenFile*;
  template <class AreaType>
  using Tree = vmarea::shims::maple_tree<AreaType, vmarea::shims::HeapMemory>;
  using Hooks = vmarea::AreaHooks<Services>;

  Services() = default;
  explicit Services(HostState& state) : host(&state) {}

  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }

  static vmarea::FileRules file_rules(FileHandle file) noexcept { return file->rules; }
  vmarea::Result<void> prepare_mapping(FileHandle file,
                                       vmarea::Description<Services>& wanted) const noexcept;
  vmarea::Result<FileHandle> make_shared_memory(std::uint64_t length_bytes) const noexcept;
  vmarea::Result<FileHandle> make_huge_memory(std::uint64_t length_bytes,
                                              unsigned page_shift) const noexcept;
  static void retain_file(FileHandle file) noexcept { ++file->references; }
  static void release_file(FileHandle file) noexcept { drop_reference(*file); }

  static constexpr vmarea::Geometry geometry() noexcept { return {}; }
  vmarea::Limits limits() const noexcept { return host->limits; }
  vmarea::KernelProfile profile() const noexcept { return host->profile; }
  vmarea::Result<void> charge(vmarea::PageCount pages) const noexcept {
    if (pages > host->charge_max) return vmarea::Error::no_memory;
    return {};
  }
  static void uncharge(vmarea::PageCount) noexcept {}

  HostState* host = nullptr;
};

using Space = vmarea::AddressSpace<Services>;
using AreaDescription = vmarea::Description<Services>;

/// Hooks of a SysV attachment: told of its end.
extern const Services::Hooks segment_hooks;

/// The file's present size in bytes; none where that means nothing.
std::optional<std::uint64_t> size_of(const OpenFile& file);

/// A duplicate of the task's descriptor, or -1.
int duplicate_descriptor(pid_t task, int descriptor);

/// All open files that areas refer to, and those just looked up.
class FileRegistry {
 public:
  FileRegistry() = default;
  ~FileRegistry();
  FileRegistry(const FileRegistry&) = delete;
  FileRegistry& operator=(const FileRegistry&) = delete;

  /// The task's open file; null if there is none, or none that can be mapped (O_PATH).
  OpenFile* find_or_add(pid_t task, int descriptor);
  /// A file of which we know only what maps shows.
  OpenFile* add_shown(const KernelArea& area);
  OpenFile* add(Nature nature);
  /// Files may have got other names, or none.
  void refresh_names();
  /// The file may be without references from now on.
  void note_release(OpenFile* file);
  /// Forgets files without references. A kept duplicate would keep locks and writers alive.
  void release_unused();

 private:
  OpenFile* find_same(pid_t task, int descriptor, const FileId& id);
  static void close_handles(const OpenFile& file);

  std::unordered_map<const OpenFile*, std::unique_ptr<OpenFile>> files_;
  std::vector<OpenFile*> perhaps_unused_;
};

}  // namespace follow
