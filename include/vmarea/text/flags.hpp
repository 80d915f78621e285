// SPDX-License-Identifier: MIT
//
// Sets of flags in words: an area's as smaps and maps have them, those of calls by their names.
//
//   Flags        rd wr mr mw me ac          AccessText{flags}   rw-p
//   Protection   rw-                        MapFlags            private|anonymous|fixed
#pragma once

#include "vmarea/rules/explain.hpp"
#include "vmarea/text/writer.hpp"
#include "vmarea/types/flags.hpp"

namespace vmarea {

/// One name of a set of flags. What has several bits stands before those that have one of them.
struct BitName {
  std::uint64_t bits;
  const char* name;
};

/// The names of all bits, with a | between them; what has none as a number.
template <std::size_t Count>
constexpr void write_bits(Words& words, std::uint64_t bits, const BitName (&names)[Count]) {
  for (const BitName& each : names) {
    if ((bits & each.bits) != each.bits) continue;
    words.next().add(each.name);
    bits &= ~each.bits;
  }
  if (bits != 0) words.next().add("0x").add_hex(bits);
  if (words.empty()) words.next().add("none");
}
template <std::size_t Count>
constexpr void write_bits(TextWriter& to, std::uint64_t bits, const BitName (&names)[Count]) {
  Words words(to, "|");
  write_bits(words, bits, names);
}

/// Of a set whose bits have no names.
template <class Tag, class Word>
constexpr void write_text(TextWriter& to, BitSet<Tag, Word> set) noexcept {
  if (set.empty()) {
    to.add("none");
  } else {
    to.add("0x").add_hex(set.bits());
  }
}

/// Two letters for each flag, in the order of the bits; what smaps does not show by its number.
constexpr void write_flags(Words& words, Flags flags) noexcept {
  for (unsigned number = 0; number < 64; ++number) {
    if (!flags.has_any(flag::bit(number))) continue;
    const char* letters = flag_name(number);
    if (letters[0] != '?') {
      words.next().add(letters);
    } else {
      words.next().add('#').add_decimal(number);
    }
  }
}
constexpr void write_text(TextWriter& to, Flags flags) noexcept {
  Words words(to);
  write_flags(words, flags);
  if (words.empty()) words.next().add("none");
}

constexpr void write_access(TextWriter& to, Flags flags) noexcept {
  to.add(flags.has_any(flag::read) ? 'r' : '-');
  to.add(flags.has_any(flag::write) ? 'w' : '-');
  to.add(flags.has_any(flag::exec) ? 'x' : '-');
}

/// rwxp, as in /proc/PID/maps.
struct AccessText {
  Flags flags{};
};
constexpr void write_text(TextWriter& to, const AccessText& access) noexcept {
  write_access(to, access.flags);
  to.add(access.flags.has_any(flag::may_share) ? 's' : 'p');
}

/// rwx, and then what is seldom used.
constexpr void write_text(TextWriter& to, Protection protection) noexcept {
  constexpr BitName names[] = {{prot::semaphore.bits(), "semaphore"},
                               {prot::grows_down.bits(), "grows_down"},
                               {prot::grows_up.bits(), "grows_up"}};
  write_access(to, access_flags(protection));
  const Protection rest = protection.without(prot::read | prot::write | prot::exec);
  if (rest.empty()) return;
  to.add('|');
  write_bits(to, rest.bits(), names);
}

constexpr void write_text(TextWriter& to, MapFlags flags) noexcept {
  constexpr BitName names[] = {{map::shared_validate.bits(), "shared_validate"},
                               {map::shared.bits(), "shared"},
                               {map::private_.bits(), "private"},
                               {map::droppable.bits(), "droppable"},
                               {map::fixed.bits(), "fixed"},
                               {map::anonymous.bits(), "anonymous"},
                               {map::low_32bit.bits(), "low_32bit"},
                               {map::above_4g.bits(), "above_4g"},
                               {map::grows_down.bits(), "grows_down"},
                               {map::deny_write.bits(), "deny_write"},
                               {map::executable.bits(), "executable"},
                               {map::locked.bits(), "locked"},
                               {map::no_reserve.bits(), "no_reserve"},
                               {map::populate.bits(), "populate"},
                               {map::non_block.bits(), "non_block"},
                               {map::stack.bits(), "stack"},
                               {map::huge_tlb.bits(), "huge_tlb"},
                               {map::sync.bits(), "sync"},
                               {map::fixed_noreplace.bits(), "fixed_noreplace"},
                               {map::uninitialized.bits(), "uninitialized"}};
  write_bits(to, flags.bits(), names);
}

constexpr void write_text(TextWriter& to, RemapFlags flags) noexcept {
  constexpr BitName names[] = {{remap::may_move.bits(), "may_move"},
                               {remap::fixed.bits(), "fixed"},
                               {remap::dont_unmap.bits(), "dont_unmap"}};
  write_bits(to, flags.bits(), names);
}

constexpr void write_text(TextWriter& to, UserfaultModes modes) noexcept {
  constexpr BitName names[] = {{uffd::missing.bits(), "missing"},
                               {uffd::protect.bits(), "protect"},
                               {uffd::minor.bits(), "minor"}};
  write_bits(to, modes.bits(), names);
}

constexpr void write_text(TextWriter& to, MlockFlags flags) noexcept {
  constexpr BitName names[] = {{mlock::on_fault.bits(), "on_fault"}};
  write_bits(to, flags.bits(), names);
}

constexpr void write_text(TextWriter& to, MlockallFlags flags) noexcept {
  constexpr BitName names[] = {{mlockall::current.bits(), "current"},
                               {mlockall::future.bits(), "future"},
                               {mlockall::on_fault.bits(), "on_fault"}};
  write_bits(to, flags.bits(), names);
}

constexpr void write_text(TextWriter& to, MsyncFlags flags) noexcept {
  constexpr BitName names[] = {{ms::async.bits(), "async"},
                               {ms::invalidate.bits(), "invalidate"},
                               {ms::sync.bits(), "sync"}};
  write_bits(to, flags.bits(), names);
}

constexpr void write_text(TextWriter& to, WriteExecFlags flags) noexcept {
  constexpr BitName names[] = {{write_exec::refuse_exec_gain.bits(), "refuse_exec_gain"},
                               {write_exec::no_inherit.bits(), "no_inherit"}};
  write_bits(to, flags.bits(), names);
}

}  // namespace vmarea
