// SPDX-License-Identifier: MIT
#include "live/random_calls/report.hpp"

#include <fmt/format.h>
#include <string.h>
#include <sys/utsname.h>

#include "live/random_calls/call_text.hpp"

namespace vmarea::live {
namespace {

std::string text_of(const PageTotals& totals) {
  return fmt::format("{} pages, data {}, exec {}, stack {}, locked {}", totals.total, totals.data,
                     totals.exec, totals.stack, totals.locked);
}

std::string describe(Difference difference) {
  switch (difference) {
    case Difference::areas:
      return "the areas differ";
    case Difference::flags:
      return "the flags differ";
    case Difference::anonymous_offsets:
      return "the page offsets of anonymous memory differ";
    case Difference::identities:
      return "the identities of anonymous memory differ";
    case Difference::none:
      break;
  }
  return "the pictures are the same";
}

std::string describe_trouble(const Slate& slate, const Call& call) {
  switch (slate.trouble) {
    case Trouble::result:
      return fmt::format("the kernel answers {}, we answer {}",
                         describe_result(call.operation, slate.kernel_result),
                         describe_result(call.operation, slate.model_result));
    case Trouble::picture:
      return describe(slate.difference);
    case Trouble::totals:
      return fmt::format("the kernel counts {}, we count {}", text_of(slate.kernel_totals),
                         text_of(slate.model_totals));
    case Trouble::invariants:
      return fmt::format("our space is not sound: {}", slate.message.data());
    case Trouble::clearing:
      return "the arena could not be emptied";
    case Trouble::death:
      return fmt::format("we die of {}", strsignal(slate.signal));
    case Trouble::none:
      break;
  }
  return "nothing differs";
}

/// As options; nothing for the small shape.
std::string text_of(const Shape& shape) {
  std::string text;
  if (shape.pages != small_shape.pages) text += fmt::format(" --arena-pages {}", shape.pages);
  if (shape.crowd != 0) text += fmt::format(" --crowd {}", shape.crowd);
  if (shape.small_nodes) text += " --small-nodes";
  return text;
}

/// Where the sequence is from, as options.
std::string source_of(const Found& found) {
  if (found.small_scope != 0) return fmt::format("--small-scope {}", found.small_scope);
  return fmt::format("--seed {} --kinds {}", found.seed, live::text_of(found.kinds));
}

}  // namespace

std::string kernel_release() {
  utsname name{};
  uname(&name);
  return name.release;
}

std::string report(const Found& found, const Slate& slate) {
  const Call nothing;
  const bool has_step = slate.step < found.shortest.size();
  const Call& last = has_step ? found.shortest[slate.step] : nothing;
  std::string text =
      fmt::format("MISMATCH with Linux {}: {}\n", kernel_release(), describe_trouble(slate, last));
  if (!found.reproduced) {
    text += "  It did not come back from a clean arena: an earlier sequence matters.\n";
  }
  text +=
      fmt::format("  {} of {} calls are enough:\n", found.shortest.size(), found.original_length);
  for (std::size_t i = 0; i < found.shortest.size(); ++i) {
    const Call& call = found.shortest[i];
    const bool known = i < slate.step && i < slate.results.size();
    text += fmt::format("  {} {}{}\n", i == slate.step ? '>' : ' ', describe(call),
                        known ? " = " + describe_result(call.operation, slate.results[i]) : "");
  }
  if (slate.trouble != Trouble::death) {
    text += "  before (ours):\n" + draw(slate.before, true);
    text += "  after, the kernel:\n" + draw(slate.kernel, true);
    text += "  after, ours:\n" + draw(slate.model, true);
  }
  if (!found.file.empty())
    text += fmt::format("  replay: {} --replay {}\n", found.program, found.file);
  return text + fmt::format("  again: {} {} --sequence {}{}{}\n", found.program, source_of(found),
                            found.sequence, text_of(found.shape),
                            found.profile.empty() ? "" : " --profile " + found.profile);
}

std::string table(const Counts& counts, Kinds kinds, double seconds) {
  std::string text = fmt::format("{:<14} {:>10} {:>10}\n", "kind", "calls", "succeeded");
  for (unsigned kind = 0; kind < kind_count; ++kind) {
    if (((kinds >> kind) & 1) == 0) continue;
    text += fmt::format("{:<14} {:>10} {:>10}\n", name_of(static_cast<Kind>(kind)),
                        counts.calls_of_kind[kind], counts.succeeded_of_kind[kind]);
  }
  const auto calls = static_cast<double>(counts.calls);
  return text + fmt::format(
                    "{} sequences, {} readings of smaps, {:.1f} areas on average, "
                    "{:.0f} operations a second\n",
                    counts.sequences, counts.smaps_readings,
                    static_cast<double>(counts.areas_seen) / calls, calls / seconds);
}

std::string way_of_reading(const Counts& counts, const AreaProgram& program) {
  if (!program.is_loaded()) {
    return fmt::format(
        "areas read from /proc, all flags at intervals: no program in the kernel, {}\n",
        program.why_not());
  }
  return fmt::format("areas read in the kernel, all flags, page offsets and identities: {} times\n",
                     counts.calls_seen_whole);
}

}  // namespace vmarea::live
