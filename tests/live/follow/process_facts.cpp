// SPDX-License-Identifier: MIT
#include "process_facts.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vmarea_shims/proc/import_layout.hpp>

#include "proc_text.hpp"

namespace follow {
namespace {

constexpr vmarea::Geometry geometry{};

/// The limits of one task. To ask for them takes rights over its user, to read their text does not.
class LimitReader {
 public:
  explicit LimitReader(pid_t task) : task_(task) {}

  /// `name` as the text has it.
  rlimit read(__rlimit_resource which, std::string_view name) {
    rlimit limit{};
    if (prlimit(task_, which, nullptr, &limit) == 0) return limit;  // RLIM_INFINITY is no_limit.
    if (text_.empty()) text_ = read_file(fmt::format("/proc/{}/limits", task_));
    const auto [soft, hard] = find_limit(text_, name);
    return {.rlim_cur = soft, .rlim_max = hard};
  }

 private:
  pid_t task_;
  std::string text_;
};

/// The run of adjacent areas at which the kernel began to place: that of [vdso], or where that lies
/// elsewhere, behind the stack, the last below the stack. Empty where only the program is there.
vmarea::Range find_loader_run(const std::vector<KernelArea>& areas) {
  constexpr vmarea::Address program_end = std::uint64_t{0x7000} << 32;
  const auto find = [&](std::string_view name) {
    return std::ranges::find(areas, name, &KernelArea::name);
  };
  auto last = find("[vdso]");
  const auto stack = find("[stack]");
  if (last == areas.end()) return {};
  if (stack < last && stack != areas.begin()) last = stack - 1;
  if (last->end < program_end) return {};
  return vmarea::shims::find_run(areas, static_cast<std::size_t>(last - areas.begin()));
}

/// Such as 6 and 12.
std::pair<unsigned, unsigned> series_of_kernel() {
  const std::string release = release_of_kernel();
  std::string_view rest = release;
  const unsigned major = vmarea::shims::take_number(rest);
  if (!rest.empty()) rest.remove_prefix(1);
  return {major, vmarea::shims::take_number(rest)};
}

/// What smaps says of a page of our own, locked on fault or not.
vmarea::Flags find_flags_of_new_page(unsigned locking) {
  const std::uint64_t page = geometry.page_size();
  void* at = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return {};
  if (locking != 0) syscall(SYS_mlock2, at, page, locking);
  vmarea::Flags flags;
  for (const KernelArea& area : KernelSpace(getpid()).read_areas_with_flags()) {
    if (area.range().contains(reinterpret_cast<vmarea::Address>(at))) flags = *area.flags;
  }
  munmap(at, page);
  return flags;
}

}  // namespace

bool has_rights_that_count(pid_t task) {
  constexpr ino_t first_namespace = 0xeffffffd;  // The kernel gives it this number for ever.
  struct stat status {};
  return stat(fmt::format("/proc/{}/ns/user", task).c_str(), &status) != 0 ||
         status.st_ino == first_namespace;
}

bool shared_memory_may_be_huge() {
  const std::filesystem::path settings = "/sys/kernel/mm/transparent_hugepage";
  const auto allows = [](const std::filesystem::path& file) {
    const std::string text = read_file(file.string());
    return !text.empty() && text.find("[never]") == std::string::npos &&
           text.find("[deny]") == std::string::npos && text.find("[inherit]") == std::string::npos;
  };
  if (allows(settings / "shmem_enabled")) return true;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(settings, error)) {
    if (allows(entry.path() / "shmem_enabled")) return true;
  }
  return false;
}

vmarea::Limits read_limits(pid_t task, std::uint64_t rights) {
  static const std::uint64_t area_count_max =
      read_number("/proc/sys/vm/max_map_count").value_or(65530);
  static const bool strict = read_number("/proc/sys/vm/overcommit_memory").value_or(0) == 2;
  constexpr std::uint64_t right_to_lock = std::uint64_t{1} << 14;
  constexpr std::uint64_t right_to_raw_io = std::uint64_t{1} << 17;
  vmarea::Limits limits;
  LimitReader reader(task);
  const rlimit data = reader.read(RLIMIT_DATA, "Max data size");
  limits.address_space_bytes = reader.read(RLIMIT_AS, "Max address space").rlim_cur;
  limits.data_bytes = data.rlim_cur;
  limits.data_bytes_hard = data.rlim_max;
  limits.stack_bytes = reader.read(RLIMIT_STACK, "Max stack size").rlim_cur;
  limits.locked_bytes = reader.read(RLIMIT_MEMLOCK, "Max locked memory").rlim_cur;
  limits.area_count_max = area_count_max;
  limits.may_lock_any = (rights & right_to_lock) != 0;
  limits.may_map_lowest = (rights & right_to_raw_io) != 0;
  limits.strict_overcommit = strict;
  return limits;
}

std::string release_of_kernel() {
  utsname names{};
  return uname(&names) == 0 ? names.release : "";
}

const vmarea::shims::NamedProfile& profile_of_kernel() {
  return vmarea::shims::profile_for(release_of_kernel());
}

vmarea::KernelProfile read_profile() {
  vmarea::KernelProfile profile = profile_of_kernel().profile;
  const std::uint64_t page = geometry.page_size();
  void* at = mmap(nullptr, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return profile;
  // Alone between two pages that stay untouched: whatever appears there is the read's.
  auto* middle = static_cast<volatile char*>(at) + page;
  const auto start = reinterpret_cast<vmarea::Address>(middle);
  mprotect(const_cast<char*>(middle), page, PROT_READ);
  static_cast<void>(*middle);
  KernelSpace ours(getpid());
  const vmarea::Range range{start, start + page};
  profile.reads_share_zero_page = !ours.find_anonymous_page(range, false);
  mprotect(const_cast<char*>(middle), page, PROT_EXEC);
  for (const KernelArea& area : ours.read_areas_with_flags()) {
    const bool is_hidden = area.flags->has_any(vmarea::flag::execute_only);
    if (area.start == start && is_hidden) profile.has_protection_keys = true;
  }
  munmap(at, 3 * page);
  return profile;
}

vmarea::Flags find_marks_of_new_memory() {
  return find_flags_of_new_page(0) & vmarea::flag::soft_dirty;
}

vmarea::Flags find_unseen_flags() {
  using namespace vmarea::flag;
  const vmarea::Flags seen = find_flags_of_new_page(MLOCK_ONFAULT);
  return seen.has_any(locked) ? lock_on_fault.without(seen) : vmarea::Flags{};
}

/// Whether private mappings of /dev/zero are placed for huge pages: a page between two large ones
/// says it, for by chance at most one of them suits those.
bool zeroes_are_placed_for_huge_pages() {
  constexpr std::uint64_t huge = 2 << 20;
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  bool suit = zero >= 0;
  std::vector<vmarea::Range> mapped;
  for (const std::uint64_t length : {2 * huge, geometry.page_size(), 2 * huge}) {
    void* at = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, zero, 0);
    if (at == MAP_FAILED) continue;
    const auto start = reinterpret_cast<vmarea::Address>(at);
    mapped.push_back({start, start + length});
    if (length > huge && start % huge != 0) suit = false;
  }
  for (const vmarea::Range range : mapped)
    munmap(reinterpret_cast<void*>(range.start), range.length());
  if (zero >= 0) close(zero);
  return suit;
}

const ZeroDeviceRules& zero_device_rules() {
  static const ZeroDeviceRules rules = [] {
    using vmarea::DriverTurn;
    using vmarea::Placement;
    // That shows where a process has its memory marked for same-page merging, which we have not.
    const auto [major, minor] = series_of_kernel();
    const bool is_asked_first = major > 6 || (major == 6 && minor >= 19);
    return ZeroDeviceRules{
        .placement = zeroes_are_placed_for_huge_pages() ? Placement::huge_pages : Placement::plain,
        .driver_turn = is_asked_first ? DriverTurn::before_joining : DriverTurn::after_joining};
  }();
  return rules;
}

vmarea::PageCount read_charge_max() {
  constexpr std::uint64_t heuristic = 0;
  if (read_number("/proc/sys/vm/overcommit_memory").value_or(0) != heuristic) {
    return ~vmarea::PageCount{0};
  }
  struct sysinfo info {};
  if (sysinfo(&info) != 0) return ~vmarea::PageCount{0};
  return geometry.pages((info.totalram + info.totalswap) * info.mem_unit);
}

vmarea::SpaceLayout read_layout(pid_t task, const std::vector<KernelArea>& areas) {
  vmarea::SpaceLayout layout;
  const vmarea::Range run = find_loader_run(areas);
  const bool bottom_up = (personality_of(task) & ADDR_COMPAT_LAYOUT) != 0;
  layout.top_down = !bottom_up;
  if (run.empty()) {
    layout.mmap_base = unknown_base;
  } else {
    (bottom_up ? layout.legacy_base : layout.mmap_base) = bottom_up ? run.start : run.end;
  }
  const auto stat = vmarea::shims::read_proc_stat(read_file(fmt::format("/proc/{}/stat", task)));
  layout.start_data = stat.start_data;
  layout.end_data = stat.end_data;
  layout.start_brk = layout.brk = stat.start_brk;
  layout.start_stack = stat.start_stack;
  return layout;
}

vmarea::PageTotals read_totals(pid_t task) {
  const std::string status = read_file(fmt::format("/proc/{}/status", task));
  const auto pages = [&](std::string_view field) {
    constexpr std::int64_t kilobytes_of_page = geometry.page_size() / 1024;
    const std::string word = find_field(status, field).value_or("0");
    return std::strtoll(word.c_str(), nullptr, 10) / kilobytes_of_page;
  };
  return {.total = pages("VmSize"),
          .data = pages("VmData"),
          .exec = pages("VmExe") + pages("VmLib"),
          .stack = pages("VmStk"),
          .locked = pages("VmLck")};
}

bool read_implies_exec(pid_t task) {
  return (personality_of(task) & READ_IMPLIES_EXEC) != 0;
}

vmarea::SpaceModes read_modes(pid_t task) {
  const std::string text = read_file(fmt::format("/proc/{}/ksm_stat", task));
  return {.merges_same_pages = find_field(text, "ksm_merge_any").value_or("") == "yes"};
}

bool is_randomised(pid_t task) {
  const bool system_wide = read_number("/proc/sys/kernel/randomize_va_space").value_or(0) != 0;
  return system_wide && (personality_of(task) & ADDR_NO_RANDOMIZE) == 0;
}

bool lacks_rights_of_file(pid_t task) {
  static const bool gives_none = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  const std::string file = fmt::format("/proc/{}/exe", task);
  struct stat status {};
  struct statvfs mount {};
  if (gives_none || stat(file.c_str(), &status) != 0 || statvfs(file.c_str(), &mount) != 0 ||
      (mount.f_flag & ST_NOSUID) != 0) {
    return false;
  }
  constexpr mode_t set_group = S_ISGID | S_IXGRP;
  const bool another_user =
      (status.st_mode & S_ISUID) != 0 && effective_id(task, "Uid") != status.st_uid;
  const bool another_group =
      (status.st_mode & set_group) == set_group && effective_id(task, "Gid") != status.st_gid;
  const bool capable = getxattr(file.c_str(), "security.capability", nullptr, 0) > 0;
  return another_user || another_group || (capable && capabilities_of(task) == 0);
}

AreaDescription describe_shown(const KernelArea& area, FileRegistry& files) {
  AreaDescription description;
  description.start = area.start;
  description.end = area.end;
  description.flags = area.flags.value_or(area.access);
  const bool has_file = area.file != FileId{} || area.name.starts_with('/');
  if (const auto* special = vmarea::shims::find_special<Services>(area.name)) {
    description.hooks = &special->hooks;
  } else if (has_file) {
    description.file = files.add_shown(area);
    description.hooks = &vmarea::no_hooks<Services>;
    description.page_offset = geometry.pages(area.offset_bytes);
  } else if (description.flags.has_any(vmarea::flag::grows_down)) {
    // The kernel builds the stack at the top of the space and moves it down; its offset stays.
    description.page_offset = geometry.pages(geometry.limit - (area.end - area.start));
  } else {
    description.page_offset = geometry.pages(area.start);
  }
  return description;
}

std::vector<AreaDescription> describe_image(const std::vector<KernelArea>& areas,
                                            FileRegistry& files) {
  std::vector<AreaDescription> image;
  std::vector<OpenFile*> loaded;  // The program and its interpreter, each opened once.
  for (const KernelArea& area : areas) {
    AreaDescription description = describe_shown(area, files);
    if (description.file != nullptr) {
      const auto same = std::find_if(loaded.begin(), loaded.end(),
                                     [&](const OpenFile* file) { return file->id == area.file; });
      if (same != loaded.end()) {
        description.file = *same;
      } else {
        loaded.push_back(description.file);
      }
    }
    image.push_back(description);
  }
  return image;
}

}  // namespace follow
