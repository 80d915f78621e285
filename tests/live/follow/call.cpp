// SPDX-License-Identifier: MIT
#include "call.hpp"

#include <cstring>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace follow {
namespace {

using enum Argument;
using enum Treatment;

constexpr auto kinds = std::to_array<CallKind>({
    {SYS_mmap, "mmap", modelled, {hex, decimal, protection, map_flags, decimal, hex}},
    {SYS_munmap, "munmap", modelled, {hex, decimal}},
    {SYS_mprotect, "mprotect", modelled, {hex, decimal, protection}},
    {SYS_pkey_mprotect, "pkey_mprotect", modelled, {hex, decimal, protection, decimal}},
    {SYS_mremap, "mremap", modelled, {hex, decimal, decimal, remap_flags, hex}},
    {SYS_brk, "brk", modelled, {hex}},
    {SYS_madvise, "madvise", modelled, {hex, decimal, advice}},
    {SYS_process_madvise, "process_madvise", modelled, {decimal, hex, decimal, advice, hex}},
    {SYS_mlock, "mlock", modelled, {hex, decimal}},
    {SYS_mlock2, "mlock2", modelled, {hex, decimal, hex}},
    {SYS_munlock, "munlock", modelled, {hex, decimal}},
    {SYS_mlockall, "mlockall", modelled, {hex}},
    {SYS_munlockall, "munlockall", modelled, {}},
    {number_mseal, "mseal", modelled, {hex, decimal, hex}},
    {SYS_shmat, "shmat", modelled, {decimal, hex, hex}},
    {SYS_shmdt, "shmdt", modelled, {hex}},
    {SYS_remap_file_pages, "remap_file_pages", modelled, {hex, decimal, hex, decimal, hex}},
    {SYS_mbind, "mbind", modelled, {hex, decimal, decimal, hex, decimal, hex}},
    {SYS_set_mempolicy_home_node, "set_mempolicy_home_node", unmodelled, {hex, decimal, decimal}},
    {number_map_shadow_stack, "map_shadow_stack", unmodelled, {hex, decimal, hex}},
    {SYS_prctl, "prctl", modelled, {decimal, hex, hex, hex, hex}},
    {SYS_arch_prctl, "arch_prctl", unmodelled, {hex, hex}},
    {SYS_ioctl, "ioctl", modelled, {decimal, hex, hex}},
    {SYS_io_setup, "io_setup", unmodelled, {decimal, hex}},
    {SYS_io_destroy, "io_destroy", unmodelled, {hex}},
    {SYS_fork, "fork", process, {}},
    {SYS_vfork, "vfork", process, {}},
    {SYS_clone, "clone", process, {hex, hex, hex, hex, hex}},
    {SYS_clone3, "clone3", process, {hex, decimal}},
    {SYS_ptrace, "ptrace", tracing, {hex, decimal, hex, hex}},
    {SYS_personality, "personality", attitude, {hex}},
    {SYS_unshare, "unshare", attitude, {hex}},
    {SYS_setns, "setns", attitude, {decimal, hex}},
});

struct Name {
  std::uint64_t bits;
  std::string_view name;
};

constexpr auto protection_names = std::to_array<Name>({
    {PROT_READ, "PROT_READ"},
    {PROT_WRITE, "PROT_WRITE"},
    {PROT_EXEC, "PROT_EXEC"},
    {PROT_GROWSDOWN, "PROT_GROWSDOWN"},
    {PROT_GROWSUP, "PROT_GROWSUP"},
});

constexpr auto map_flag_names = std::to_array<Name>({
    {MAP_FIXED, "MAP_FIXED"},
    {MAP_ANONYMOUS, "MAP_ANONYMOUS"},
    {MAP_32BIT, "MAP_32BIT"},
    {0x80, "MAP_ABOVE4G"},
    {MAP_GROWSDOWN, "MAP_GROWSDOWN"},
    {MAP_DENYWRITE, "MAP_DENYWRITE"},
    {MAP_EXECUTABLE, "MAP_EXECUTABLE"},
    {MAP_LOCKED, "MAP_LOCKED"},
    {MAP_NORESERVE, "MAP_NORESERVE"},
    {MAP_POPULATE, "MAP_POPULATE"},
    {MAP_NONBLOCK, "MAP_NONBLOCK"},
    {MAP_STACK, "MAP_STACK"},
    {MAP_HUGETLB, "MAP_HUGETLB"},
    {MAP_SYNC, "MAP_SYNC"},
    {MAP_FIXED_NOREPLACE, "MAP_FIXED_NOREPLACE"},
});

constexpr auto remap_flag_names = std::to_array<Name>({
    {MREMAP_MAYMOVE, "MREMAP_MAYMOVE"},
    {MREMAP_FIXED, "MREMAP_FIXED"},
    {4, "MREMAP_DONTUNMAP"},
});

constexpr auto advice_names = std::to_array<Name>({
    {0, "MADV_NORMAL"},           {1, "MADV_RANDOM"},         {2, "MADV_SEQUENTIAL"},
    {3, "MADV_WILLNEED"},         {4, "MADV_DONTNEED"},       {8, "MADV_FREE"},
    {9, "MADV_REMOVE"},           {10, "MADV_DONTFORK"},      {11, "MADV_DOFORK"},
    {12, "MADV_MERGEABLE"},       {13, "MADV_UNMERGEABLE"},   {14, "MADV_HUGEPAGE"},
    {15, "MADV_NOHUGEPAGE"},      {16, "MADV_DONTDUMP"},      {17, "MADV_DODUMP"},
    {18, "MADV_WIPEONFORK"},      {19, "MADV_KEEPONFORK"},    {20, "MADV_COLD"},
    {21, "MADV_PAGEOUT"},         {22, "MADV_POPULATE_READ"}, {23, "MADV_POPULATE_WRITE"},
    {24, "MADV_DONTNEED_LOCKED"}, {25, "MADV_COLLAPSE"},      {102, "MADV_GUARD_INSTALL"},
    {103, "MADV_GUARD_REMOVE"},
});

/// The names of all set bits, and what has no name in hex; `zero` where nothing is set.
std::string print_bits(std::uint64_t bits, std::span<const Name> names, std::string_view zero) {
  std::string text;
  for (const Name& name : names) {
    if ((bits & name.bits) == 0) continue;
    bits &= ~name.bits;
    text += (text.empty() ? "" : "|");
    text += name.name;
  }
  if (bits != 0) text += fmt::format("{}{:#x}", text.empty() ? "" : "|", bits);
  return text.empty() ? std::string(zero) : text;
}

std::string print_map_flags(std::uint64_t flags) {
  constexpr auto types = std::to_array<std::string_view>(
      {"", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE", "", "", "", "", "MAP_DROPPABLE"});
  const std::uint64_t type = flags & 0xf;
  std::string text = type < types.size() && !types[type].empty() ? std::string(types[type])
                                                                 : fmt::format("{:#x}", type);
  if (flags == type) return text;
  return text + "|" + print_bits(flags & ~std::uint64_t{0xf}, map_flag_names, "");
}

}  // namespace

std::span<const CallKind> call_kinds() {
  return kinds;
}

const CallKind* find_call_kind(std::uint64_t number) {
  for (const CallKind& kind : kinds) {
    if (static_cast<std::uint64_t>(kind.number) == number) return &kind;
  }
  return nullptr;
}

std::string print_argument(Argument how, std::uint64_t value) {
  switch (how) {
    case none:
      return {};
    case hex:
      return fmt::format("{:#x}", value);
    case decimal:
      // A descriptor of -1 arrives as either width.
      if (value == 0xffff'ffffu || value == ~std::uint64_t{0}) return "-1";
      return fmt::format("{}", value);
    case protection:
      return print_bits(value, protection_names, "PROT_NONE");
    case map_flags:
      return print_map_flags(value & 0xffff'ffffu);
    case remap_flags:
      return print_bits(value & 0xffff'ffffu, remap_flag_names, "0");
    case advice:
      for (const Name& name : advice_names) {
        if (name.bits == (value & 0xffff'ffffu)) return std::string(name.name);
      }
      return fmt::format("{}", value);
  }
  return {};
}

std::string print_call(const Call& call) {
  std::string text(call.kind->name);
  text += '(';
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (call.kind->arguments[i] == none) break;
    if (i != 0) text += ", ";
    text += print_argument(call.kind->arguments[i], call.arguments[i]);
  }
  return text + ')';
}

std::string errno_name(int number) {
  const char* name = strerrorname_np(number);
  return name != nullptr ? std::string(name) : fmt::format("errno {}", number);
}

std::string print_result(std::int64_t raw) {
  if (raw < 0 && raw >= -4095) {
    const int number = static_cast<int>(-raw);
    return fmt::format("-1 {} ({})", errno_name(number), std::strerror(number));
  }
  return raw >= 0 && raw < 4096 ? fmt::format("{}", raw) : fmt::format("{:#x}", raw);
}

}  // namespace follow
