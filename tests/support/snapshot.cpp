// SPDX-License-Identifier: MIT
#include "support/snapshot.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <vmarea/string.hpp>

namespace vmarea::test {

namespace {

/// What a comparison looks at. Of the attributes only the address: they may have gone since.
std::string described(TestDescription area) {
  const Attributes* const attributes = std::exchange(area.attributes, nullptr);
  return fmt::format("{} hooks {} attributes {}", to_string(area),
                     static_cast<const void*>(area.hooks), static_cast<const void*>(attributes));
}

}  // namespace

Snapshot Snapshot::of(const SpaceState<TestServices>& space) {
  Snapshot seen;
  seen.geometry = space.services.geometry();
  for (auto cursor = space.tree.seek(0); cursor.entry(); cursor.next()) {
    const TestArea* area = cursor.entry().value;
    seen.areas.push_back({.description = *area, .object = area});
    if (area->identity) seen.identities.insert(area->identity.value());
  }
  space.pages.for_each_page(0, ~std::uint64_t{0},
                            [&](std::uint64_t page, shims::page_table::Entry entry) {
                              seen.pages[page] = shims::page_table::token_of(entry);
                            });
  seen.totals = space.totals;
  seen.charged = space.charged;
  seen.modes = space.modes;
  seen.default_flags = space.default_flags;
  seen.brk = space.layout.brk;
  return seen;
}

void Snapshot::apply(const Step<TestServices>& step) {
  switch (step.kind) {
    case StepKind::edit:
      apply(*step.edit);
      break;
    case StepKind::move_pages:
      move_pages(step.range, step.to());
      break;
    case StepKind::drop_pages:
      drop_pages(step.range);
      break;
    case StepKind::install_page:
      add_page(step.range.start);
      break;
    case StepKind::set_brk:
      brk = step.value;
      break;
    case StepKind::set_default_flags:
      default_flags = Flags(step.value);
      break;
    case StepKind::set_same_page_merging:
      modes.merges_same_pages = step.value != 0;
      break;
    case StepKind::set_write_exec:
      modes.write_exec = WriteExecFlags(step.value);
      break;
    case StepKind::protect_pages:
    case StepKind::free_tables:
    case StepKind::tell_unmapped:
      break;  // Nothing that a snapshot shows.
  }
}

void Snapshot::apply(const Edit<TestServices>& edit) {
  std::vector<SeenArea> after;
  for (const SeenArea& area : areas) {
    const Range range = area.description.range();
    if (!edit.extent.overlaps(range)) after.push_back(area);
    EXPECT_TRUE(!edit.extent.overlaps(range) || edit.extent.contains(range))
        << "an edit cuts through " << described(area.description);
  }
  for (unsigned i = 0; i < edit.pieces.size(); ++i) {
    const Piece<TestServices>& piece = edit.pieces[i];
    EXPECT_TRUE(edit.extent.contains(piece.after.range())) << "a piece outside its edit";
    after.push_back({piece.after, piece.object, edit.new_shared_memory && piece.is_fresh()});
  }
  std::sort(after.begin(), after.end(), [](const SeenArea& a, const SeenArea& b) {
    return a.description.start < b.description.start;
  });
  areas = std::move(after);
  totals += edit.totals;
  charged += static_cast<PageCount>(edit.charge);
  if (!edit.unmapped.empty()) drop_pages(edit.unmapped);
}

void Snapshot::drop_pages(Range range) {
  pages.erase(pages.lower_bound(geometry.pages(range.start)),
              pages.lower_bound(geometry.pages(range.end)));
}

void Snapshot::move_pages(Range from, Address to) {
  std::map<std::uint64_t, std::uint64_t> moved;
  for (const auto& [page, token] : pages) {
    if (from.contains(page << geometry.page_shift)) {
      moved[page - geometry.pages(from.start) + geometry.pages(to)] = token;
    }
  }
  drop_pages(from);
  pages.merge(moved);
  EXPECT_TRUE(moved.empty()) << "pages move to where others are";
}

namespace {

/// Compares areas; identities that a plan only numbered are equal if they are the same ones.
class AreaComparison {
 public:
  AreaComparison(const Snapshot& expected, const Snapshot& actual)
      : expected_(expected), actual_(actual) {}

  std::string differences() {
    std::string text;
    for (std::size_t i = 0; i < expected_.areas.size(); ++i) {
      text += compare(expected_.areas[i], actual_.areas[i]);
    }
    return text;
  }

 private:
  std::string compare(SeenArea expected, const SeenArea& actual) {
    TestDescription& wanted = expected.description;
    const TestDescription& found = actual.description;
    if (expected.open_file && found.file != nullptr) wanted.file = found.file;
    if (wanted.identity && found.identity &&
        !expected_.identities.contains(wanted.identity.value())) {
      const bool is_new = !expected_.identities.contains(found.identity.value());
      const auto meaning = numbered_.try_emplace(wanted.identity.value(), found.identity).first;
      if (is_new) wanted.identity = meaning->second;
    }
    if (!(wanted == found)) {
      return fmt::format("expected {}\n  actual {}\n", described(wanted), described(found));
    }
    if (expected.object == nullptr || expected.object == actual.object) return {};
    return fmt::format("another object carries {}\n", described(found));
  }

  const Snapshot& expected_;
  const Snapshot& actual_;
  std::map<std::uint64_t, AnonIdentity> numbered_;
};

void compare_pages(std::string& text, const Snapshot& expected, const Snapshot& actual) {
  for (const auto& [page, token] : expected.pages) {
    const auto found = actual.pages.find(page);
    if (found == actual.pages.end()) {
      text += fmt::format("page {:x} is lost\n", page);
    } else if (token != 0 && token != found->second) {
      text += fmt::format("page {:x} has token {}, not {}\n", page, found->second, token);
    }
  }
  for (const auto& [page, token] : actual.pages) {
    if (!expected.pages.contains(page)) {
      text += fmt::format("page {:x} has token {} and should have none\n", page, token);
    }
  }
}

}  // namespace

std::string differences(const Snapshot& expected, const Snapshot& actual) {
  std::string text;
  if (expected.areas.size() != actual.areas.size()) {
    text += fmt::format("expected {} areas, not {}\n", expected.areas.size(), actual.areas.size());
    for (const SeenArea& area : expected.areas) {
      text += "  expected " + described(area.description) + "\n";
    }
    for (const SeenArea& area : actual.areas) {
      text += "  actual   " + described(area.description) + "\n";
    }
  } else {
    text += AreaComparison(expected, actual).differences();
  }
  if (!(expected.totals == actual.totals)) text += "page totals differ\n";
  if (expected.charged != actual.charged) {
    text += fmt::format("expected a charge of {}, not {}\n", expected.charged, actual.charged);
  }
  if (!(expected.modes == actual.modes)) text += "modes differ\n";
  if (expected.default_flags != actual.default_flags) text += "default flags differ\n";
  if (expected.brk != actual.brk) {
    text += fmt::format("expected the break at {:x}, not {:x}\n", expected.brk, actual.brk);
  }
  compare_pages(text, expected, actual);
  return text;
}

}  // namespace vmarea::test
