// SPDX-License-Identifier: MIT
#include "host.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <span>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc_text.hpp"
#include "process_facts.hpp"

namespace follow {
namespace {

using vmarea::Error;
using vmarea::FileRules;
using vmarea::Placement;
using vmarea::Result;

void ignore(vmarea::Area<Services>&) noexcept {}

/// File systems whose files are placed for huge pages, and which do not decide anything else.
constexpr auto aligning =
    std::to_array<std::uint32_t>({EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC});
constexpr auto in_memory = std::to_array<std::uint32_t>({TMPFS_MAGIC});
/// File systems whose regular files are made by drivers.
constexpr auto made_up = std::to_array<std::uint32_t>(
    {PROC_SUPER_MAGIC, SYSFS_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, HUGETLBFS_MAGIC, SECRETMEM_MAGIC,
     ANON_INODE_FS_MAGIC, SOCKFS_MAGIC, PIPEFS_MAGIC, CGROUP2_SUPER_MAGIC});

bool contains(std::span<const std::uint32_t> list, std::uint32_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Whether the kernel maps the file at all. Asked of ordinary files only: to map what a driver made
/// may have effects.
bool can_be_mapped(int file) {
  void* at = mmap(nullptr, 1, PROT_NONE, MAP_PRIVATE, file, 0);
  if (at == MAP_FAILED) return errno == EACCES;  // Not open for reading.
  munmap(at, 1);
  return true;
}

Nature find_nature(int file, const struct stat& status, std::uint32_t file_system) {
  constexpr unsigned memory_devices = 1, zero = 5;
  if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(memory_devices, zero)) {
    return Nature::zero_device;
  }
  if (S_ISDIR(status.st_mode)) return Nature::ordinary;
  const bool plain = S_ISREG(status.st_mode) && !contains(made_up, file_system);
  return plain && can_be_mapped(file) ? Nature::ordinary : Nature::driver;
}

bool is_append_only(int file) {
  constexpr long append_attribute = 0x20;
  long attributes = 0;
  return ioctl(file, _IOR('f', 1, long), &attributes) == 0 && (attributes & append_attribute) != 0;
}

/// Of a file of hugetlbfs, the size of its pages, which the file system calls its blocks; else 0.
unsigned read_page_shift(int file, std::uint32_t file_system) {
  struct statfs status {};
  if (file_system != HUGETLBFS_MAGIC || fstatfs(file, &status) != 0) return 0;
  return static_cast<unsigned>(std::countr_zero(static_cast<std::uint64_t>(status.f_bsize)));
}

FileRules read_rules(int file, const struct stat& status, std::uint32_t file_system) {
  constexpr int no_write_seals = 0x8 | 0x10;  // F_SEAL_WRITE, F_SEAL_FUTURE_WRITE
  const int access = fcntl(file, F_GETFL) & O_ACCMODE;
  const int seals = fcntl(file, F_GET_SEALS);
  struct statvfs mount {};
  const bool no_exec = (fstatvfs(file, &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0) ||
                       file_system == ANON_INODE_FS_MAGIC;
  FileRules rules;
  rules.readable = access != O_WRONLY;
  rules.writable = access != O_RDONLY;
  rules.append_only = S_ISREG(status.st_mode) && is_append_only(file);
  rules.may_exec = !no_exec;
  rules.mappable = !S_ISDIR(status.st_mode) && !S_ISFIFO(status.st_mode);
  rules.write_sealed = seals > 0 && (seals & no_write_seals) != 0;
  if (contains(in_memory, file_system)) rules.storage = vmarea::Storage::memory;
  rules.page_shift = read_page_shift(file, file_system);
  rules.placement = contains(aligning, file_system) ? Placement::huge_pages : Placement::plain;
  return rules;
}

/// What maps will show. A file system in layers shows another device there than fstat gives.
bool shows_what_fstat_says(std::uint32_t file_system) {
  return file_system == EXT4_SUPER_MAGIC || file_system == TMPFS_MAGIC ||
         file_system == XFS_SUPER_MAGIC;
}

/// The name of what a descriptor of ours refers to, in the words of maps; empty if it has none.
std::string read_name(int descriptor) {
  std::array<char, 4096> name;
  const std::string link = fmt::format("/proc/self/fd/{}", descriptor);
  const ssize_t length = readlink(link.c_str(), name.data(), name.size());
  return {name.data(), static_cast<std::size_t>(length > 0 ? length : 0)};
}

/// The place of a file that maps shows, if that is still the same file; else -1.
int open_place(const std::string& path, std::uint64_t inode) {
  const int place = open(path.c_str(), O_PATH | O_CLOEXEC);
  struct stat status {};
  if (place >= 0 && (fstat(place, &status) != 0 || status.st_ino != inode)) {
    close(place);
    return -1;
  }
  return place;
}

}  // namespace

/// Asks for the task itself: the first thread of its
/// process may have ended, or have files of its own.
int duplicate_descriptor(pid_t task, int descriptor) {
  constexpr unsigned thread_not_process = O_EXCL;
  long handle = syscall(SYS_pidfd_open, task, thread_not_process);
  if (handle < 0) handle = syscall(SYS_pidfd_open, thread_group_of(task).value_or(task), 0);
  if (handle < 0) return -1;
  const long copy = syscall(SYS_pidfd_getfd, handle, descriptor, 0);
  close(static_cast<int>(handle));
  return static_cast<int>(copy);
}

constinit const Services::Hooks segment_hooks{.open = ignore, .close = ignore};

Result<void> Services::prepare_mapping(FileHandle file, AreaDescription& wanted) const noexcept {
  if (file->refusal != Error::none) return file->refusal;
  // Not that of a file that is open for reading alone: nothing can be written there to share.
  const bool shared = wanted.flags.has_any(vmarea::flag::shared);
  const unsigned huge_page_shift = file->rules.page_shift;
  wanted.hooks = huge_page_shift != 0 ? vmarea::huge_page_hooks<Services>(huge_page_shift)
                                      : &vmarea::no_hooks<Services>;
  switch (file->nature) {
    case Nature::ordinary:
    case Nature::shared_memory:
    case Nature::huge_memory:
      break;
    case Nature::segment:
      wanted.hooks = &segment_hooks;
      break;
    case Nature::zero_device:
      if (!shared) {
        wanted.hooks = nullptr;
      } else {
        wanted.file = host->files->add(Nature::shared_memory);
        wanted.file->fixed_size = wanted.length();
      }
      break;
    case Nature::driver:
      if (file->decided_flags) wanted.flags = *file->decided_flags;
      break;
  }
  return {};
}

void drop_reference(OpenFile& file) noexcept {
  if (--file.references == 0) file.registry->note_release(&file);
}

Result<OpenFile*> Services::make_shared_memory(std::uint64_t length_bytes) const noexcept {
  OpenFile* file = host->files->add(Nature::shared_memory);
  file->fixed_size = length_bytes;
  ++file->references;  // The area's reference.
  return file;
}

Result<OpenFile*> Services::make_huge_memory(std::uint64_t length_bytes,
                                             unsigned page_shift) const noexcept {
  OpenFile* file = host->files->add(Nature::huge_memory);
  file->fixed_size = length_bytes;
  file->name = "/anon_hugepage (deleted)";
  file->rules.storage = vmarea::Storage::memory;
  file->rules.page_shift = page_shift;
  ++file->references;  // The area's reference.
  return file;
}

std::optional<std::uint64_t> size_of(const OpenFile& file) {
  if (file.fixed_size || file.nature != Nature::ordinary || file.duplicate < 0) {
    return file.fixed_size;
  }
  struct stat status {};
  if (fstat(file.duplicate, &status) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

FileRegistry::~FileRegistry() {
  for (const auto& [key, file] : files_) close_handles(*file);
}

void FileRegistry::close_handles(const OpenFile& file) {
  if (file.duplicate >= 0) close(file.duplicate);
  if (file.place >= 0) close(file.place);
}

OpenFile* FileRegistry::find_same(pid_t task, int descriptor, const FileId& id) {
  for (const auto& [key, file] : files_) {
    if (file->duplicate < 0 || (file->id_known && file->id != id)) continue;
    if (syscall(SYS_kcmp, getpid(), task, KCMP_FILE, file->duplicate, descriptor) == 0) {
      return file.get();
    }
  }
  return nullptr;
}

OpenFile* FileRegistry::find_or_add(pid_t task, int descriptor) {
  const int duplicate = duplicate_descriptor(task, descriptor);
  if (duplicate < 0) return nullptr;
  struct stat status {};
  struct statfs file_system {};
  if ((fcntl(duplicate, F_GETFL) & O_PATH) != 0 || fstat(duplicate, &status) != 0 ||
      fstatfs(duplicate, &file_system) != 0) {
    close(duplicate);
    return nullptr;
  }
  const auto magic = static_cast<std::uint32_t>(file_system.f_type);
  const FileId id{major(status.st_dev), minor(status.st_dev), status.st_ino};
  OpenFile* file = find_same(task, descriptor, id);
  if (file != nullptr) {
    close(duplicate);
  } else {
    file = add(find_nature(duplicate, status, magic));
    file->duplicate = duplicate;
    file->id = id;
    file->id_known = shows_what_fstat_says(magic) || file->nature == Nature::zero_device;
    file->name = read_name(duplicate);
  }
  file->rules = read_rules(file->duplicate, status, magic);  // Seals may be new.
  if (file->nature == Nature::zero_device) {
    file->rules.driver_turn = zero_device_rules().driver_turn;
  }
  return file;
}

OpenFile* FileRegistry::add_shown(const KernelArea& area) {
  OpenFile* file = add(Nature::ordinary);
  file->id = area.file;
  file->id_known = true;
  file->name = area.name;
  file->place = open_place(area.name, area.file.inode);
  return file;
}

OpenFile* FileRegistry::add(Nature nature) {
  auto made = std::make_unique<OpenFile>();
  OpenFile* file = made.get();
  files_.emplace(file, std::move(made));
  file->registry = this;
  file->nature = nature;
  if (nature == Nature::shared_memory) {
    file->name = "/dev/zero (deleted)";
    file->rules.storage = vmarea::Storage::anonymous_memory;
  }
  note_release(file);  // Until an area has it.
  return file;
}

void FileRegistry::refresh_names() {
  for (const auto& [key, file] : files_) {
    const int handle = file->duplicate >= 0 ? file->duplicate : file->place;
    if (handle >= 0) file->name = read_name(handle);
  }
}

void FileRegistry::note_release(OpenFile* file) {
  if (std::exchange(file->is_listed, true)) return;
  perhaps_unused_.push_back(file);
}

void FileRegistry::release_unused() {
  for (OpenFile* file : std::exchange(perhaps_unused_, {})) {
    file->is_listed = false;
    if (file->references != 0) continue;
    close_handles(*file);
    files_.erase(file);
  }
}

}  // namespace follow
