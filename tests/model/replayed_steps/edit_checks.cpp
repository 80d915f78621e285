// SPDX-License-Identifier: MIT
#include "model/replayed_steps/edit_checks.hpp"

#include <algorithm>
#include <string_view>

namespace vmarea::test::replayed_steps {

namespace {

constexpr Address page_size = 4096;
constexpr Flags seen_by_pages = flag::protection | flag::userfault_protect;

/// One page of an extent, before and after.
struct PageFacts {
  const PlainArea* before;
  const PlainArea* after;
  bool in_unmapped;

  bool stays() const { return before != nullptr && after != nullptr && !in_unmapped; }
  bool goes() const { return before != nullptr && !stays(); }
  bool comes() const { return after != nullptr && !stays(); }
  bool changes_access() const {
    return stays() && before->flags.difference(after->flags).has_any(seen_by_pages);
  }
};

const char* what_is_wrong_with(const PageFacts& page, const Edit<TestServices>& edit, Address at,
                               const EditContext& context) {
  const bool in_access = edit.access.contains(at) || context.protected_later.contains(at);
  if (page.changes_access() && !in_access) return "gets other access and is not in `access`";
  if (page.stays() && in_access && !page.changes_access()) return "keeps its access";
  // Memory that moves and is not watched any more is in `access` where it arrives.
  if (!page.stays() && in_access && edit.event != Event::moved) return "does not stay";
  if (!page.stays() && in_access && page.after == nullptr) return "is a hole in `access`";
  if (context.covers_more) return nullptr;
  const bool in_mapped = edit.mapped.contains(at);
  const bool arrives = context.moved_to.contains(at);
  if (page.goes() && !page.in_unmapped) return "goes and is not in `unmapped`";
  if (page.comes() && !in_mapped && !arrives) return "is new and not in `mapped`";
  if (in_mapped && !page.comes()) return "is in `mapped` and not new";
  if (in_mapped && arrives) return "is in `mapped` and memory moves there";
  if (arrives && !page.comes()) return "is where memory moves to, and was not made room for";
  return nullptr;
}

}  // namespace

std::string check_edit(const NaiveSpace& before, const Edit<TestServices>& edit,
                       const NaiveSpace& after, const EditContext& context) {
  std::string wrong;
  for (const Range range : {edit.access, edit.mapped, edit.unmapped}) {
    if (!range.empty() && !edit.extent.contains(range)) wrong += "a range beyond the extent\n";
  }
  for (Address at = edit.extent.start; at < edit.extent.end; at += page_size) {
    const PageFacts page{before.area_at(at), after.area_at(at), edit.unmapped.contains(at)};
    const char* found = what_is_wrong_with(page, edit, at, context);
    if (found != nullptr) wrong += fmt::format("page {:x} {}\n", at / page_size, found);
  }
  PageTotals counted = before.totals();
  counted += edit.totals;
  if (!context.covers_more && !(counted == after.totals())) wrong += "an edit counts wrongly\n";
  return wrong;
}

std::vector<std::string> page_lines(const ShownSteps& steps) {
  std::vector<std::string> lines;
  const auto add = [&](const char* what, Range range) {
    if (range.empty()) return;
    lines.push_back(
        fmt::format("{} {:x}-{:x}", what, range.start / page_size, range.end / page_size));
  };
  for (const ShownStep& shown : steps) {
    if (shown.step.kind == StepKind::edit) {
      add("unmap pages", shown.edit.unmapped);
      add("protect pages", shown.edit.access);
    }
    if (shown.step.kind == StepKind::drop_pages) add("unmap pages", shown.step.range);
    if (shown.step.kind == StepKind::protect_pages) add("protect pages", shown.step.range);
    if (shown.step.kind == StepKind::move_pages) add("move pages", shown.step.range);
  }
  return lines;
}

std::vector<std::string> page_lines(const std::vector<std::string>& recorded) {
  std::vector<std::string> lines;
  std::copy_if(recorded.begin(), recorded.end(), std::back_inserter(lines),
               [](std::string_view line) {
                 return line.starts_with("unmap pages") || line.starts_with("protect pages") ||
                        line.starts_with("move pages");
               });
  return lines;
}

}  // namespace vmarea::test::replayed_steps
