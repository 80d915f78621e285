// SPDX-License-Identifier: MIT
#include "fuzz/text_trial.hpp"

#include <fmt/core.h>
#include <vmarea_shims/maps_text.hpp>
#include <vmarea_shims/smaps.hpp>
#include <vmarea_shims/userland.hpp>

#include "fuzz/step.hpp"
#include "live/random_calls/call_text.hpp"
#include "live/random_calls/generator.hpp"
#include "live/random_calls/sequence_file.hpp"

namespace vmarea::test::fuzz {

namespace {

using Host = shims::CheckedUserland;

struct Import {
  Import(std::string_view text, std::string_view stat)
      : report(shims::import_smaps(text, space, files, {.stat = stat})) {}
  std::string maps() const { return shims::maps_text(space, files); }

  shims::ShownFiles<Host> files;
  AddressSpace<Host> space;
  shims::ImportReport report;
};

std::string try_proc(std::string_view text, std::string_view stat, bool& taken) {
  const Import import(text, stat);
  const Broken broken = check(import.space);
  if (broken) return fmt::format("invariant {}: {}\n", broken.number, broken.what);
  taken = static_cast<bool>(import.report);
  if (!taken) {
    const shims::TextError& error = *import.report.error;
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (error.message().empty()) return "an error without a sentence\n";
    if (error.line > lines + 2) return fmt::format("an error in line {}\n", error.line);
    if (import.space.area_count() != 0) return "areas are left after an error\n";
    return {};
  }
  if (import.report.area_count != import.space.area_count()) return "areas are miscounted\n";
  const std::string maps = import.maps();
  const Import again(maps, stat);
  if (!again.report) return "what was written is refused: " + again.report.error->message() + "\n";
  return again.maps() == maps ? std::string() : "what was written reads otherwise\n";
}

std::string try_random_calls(std::string_view text, bool& taken) {
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    const std::string_view line = live::without_remark(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
    const auto call = live::parse_call(line);
    if (!call) continue;
    taken = true;
    const std::string written = live::describe(*call);
    const auto again = live::parse_call(written);
    if (!again || live::describe(*again) != written) return "not read back: " + written + "\n";
  }
  return {};
}

std::string try_fuzz_calls(std::string_view text, bool& taken) {
  Sequence sequence;
  taken = parse(text, sequence).empty();
  if (!taken) return {};
  const std::string written = text_of(sequence);
  Sequence again;
  const bool same = parse(written, again).empty() && text_of(again) == written;
  return same ? std::string() : "not read back:\n" + written;
}

constexpr std::string_view some_maps =
    "00400000-00401000 r--p 00000000 08:02 173521                             /usr/bin/dbus\n"
    "00401000-00403000 r-xp 00001000 08:02 173521                             /usr/bin/dbus\n"
    "00e03000-00e24000 rw-p 00000000 00:00 0                                  [heap]\n"
    "7f1000000000-7f1000021000 rw-p 00000000 00:00 0                          [anon:some name]\n"
    "7f1000021000-7f1004000000 ---p 00000000 00:00 0 \n"
    "7f1004000000-7f1004002000 rw-s 00000000 00:01 1026                       /dev/zero (deleted)\n"
    "7ffd000a1000-7ffd000c2000 rw-p 00000000 00:00 0                          [stack]\n";

constexpr std::string_view some_vsyscall =
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

std::string some_smaps(unsigned size) {
  std::string text;
  for (unsigned i = 0; i <= size; ++i) {
    text += fmt::format("{:08x}-{:08x} rw-p 00000000 00:00 0 \n", 0x10000 + i * 0x3000,
                        0x12000 + i * 0x3000);
    text += "Size:                  8 kB\nKernelPageSize:        4 kB\nAnonymous:             ";
    text += i % 2 == 0 ? "4 kB\n" : "0 kB\n";
    text += "Swap:                  0 kB\nVmFlags: rd wr mr mw me ac sd \n";
  }
  return text;
}

}  // namespace

std::string try_text(Reader reader, std::string_view text, bool& taken) {
  taken = false;
  switch (reader) {
    case Reader::proc:
      return try_proc(text, {}, taken);
    case Reader::stat:
      return try_proc(some_maps, text, taken);
    case Reader::random_calls:
      return try_random_calls(text, taken);
    default:
      return try_fuzz_calls(text, taken);
  }
}

std::string good_text(Reader reader, unsigned size) {
  switch (reader) {
    case Reader::proc:
      if (size % 2 == 0) return some_smaps(size / 2);
      return std::string(some_maps) + std::string(size % 4 == 1 ? some_vsyscall : "");
    case Reader::stat:
      return "1 (a name) R 0 1 1 0 -1 4194560 94 0 0 0 0 0 0 0 20 0 1 0 100 2000000 200 "
             "18446744073709551615 4194304 4198400 140724604174336 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 "
             "0 "
             "4202496 4206592 14692352 140724604436580 140724604436680 140724604436680 "
             "140724604436980 0\n";
    case Reader::random_calls: {
      std::string text = "shape pages=48 crowd=0 small_nodes=0\n";
      const auto calls = live::Generator(1, size, live::all_kinds, live::small_shape).generate();
      for (std::size_t i = 0; i < calls.size() && i <= size; ++i) {
        text += live::describe(calls[i]) + "\n";
      }
      return text;
    }
    default: {
      const std::vector<std::uint8_t> bytes = bytes_of(size, 1 + size);
      return text_of(draw(bytes.data(), bytes.size(), 1 + size));
    }
  }
}

}  // namespace vmarea::test::fuzz
