// SPDX-License-Identifier: MIT
#include "support/picture.hpp"

#include <cctype>

namespace vmarea::test {

namespace {

constexpr std::uint64_t columns_max = 4096;

char upper(char letter) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
}
char lower(char letter) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
}

Flags flags_of(const Kind& kind) {
  Flags flags = access_flags(kind.protection) | flag::may_access | kind.adds;
  if (kind.shared) flags |= flag::shared | flag::may_share;
  return is_accountable(flags) ? flags | flag::account : flags;
}

bool is_kind(const TestDescription& area, const Kind& kind) {
  constexpr Flags not_drawn = flag::account | flag::soft_dirty;
  return area.flags.difference(flags_of(kind)).without(not_drawn).empty() &&
         area.file == kind.file && area.attributes == kind.attributes;
}

/// Letters of one drawing: those of the legend, then new ones for kinds that it does not know.
class Letters {
 public:
  explicit Letters(const Legend& legend) : legend_(legend) {}

  char of(const TestDescription& area) {
    for (const auto& [letter, kind] : legend_) {
      if (is_kind(area, kind)) return letter;
    }
    for (const auto& [letter, kind] : unknown_) {
      if (is_kind(area, kind)) return letter;
    }
    while (legend_.contains(next_)) --next_;
    const Flags adds = area.flags.without(flag::access | flag::may_access);
    unknown_[next_] = {
        .protection = Protection(static_cast<std::uint32_t>((area.flags & flag::access).bits())),
        .adds = adds,
        .file = static_cast<TestFile*>(area.file),
        .attributes = area.attributes};
    return next_--;
  }

 private:
  const Legend& legend_;
  Legend unknown_;
  char next_ = 'Z';
};

}  // namespace

Legend default_legend(TestState& host) {
  constexpr Protection rw = prot::read | prot::write;
  TestFile* file = host.make_file();
  Legend legend;
  legend['A'] = {};
  legend['B'] = {.protection = prot::read};
  legend['C'] = {.protection = prot::none};
  legend['D'] = {.protection = prot::read | prot::exec};
  legend['E'] = {.protection = rw | prot::exec};
  legend['F'] = {.file = file};
  legend['S'] = {.file = file, .shared = true};
  legend['H'] = {.file = host.make_file({}, &recording_hooks)};
  legend['L'] = {.adds = flag::locked};
  legend['K'] = {.adds = flag::grows_down};
  legend['O'] = {.adds = flag::dont_expand};
  legend['X'] = {.adds = flag::sealed};
  legend['P'] = {.attributes = host.attributes({.policy = 1})};
  return legend;
}

Drawing parse(std::string_view picture) {
  Drawing drawing;
  char before = '.';
  for (const char c : picture) {
    if (c == '|') {
      before = '.';
      continue;
    }
    const std::uint64_t column = drawing.width++;
    if (c == '*') {
      if (drawing.request_upto == 0) drawing.request_first = column;
      drawing.request_upto = column + 1;
    }
    if (std::isalpha(static_cast<unsigned char>(c)) == 0) {
      before = '.';
      continue;
    }
    // A touched page and an untouched one of the same kind are one area.
    if (upper(c) != before) drawing.areas.push_back({upper(c), column, column, {}});
    DrawnArea& area = drawing.areas.back();
    area.upto = column + 1;
    if (c != upper(c)) area.touched.push_back(column);
    before = upper(c);
  }
  return drawing;
}

TestDescription describe_kind(const Kind& kind, Address base, std::uint64_t first,
                              std::uint64_t upto, const Geometry& geometry) {
  TestDescription area;
  area.start = base + (first << geometry.page_shift);
  area.end = base + (upto << geometry.page_shift);
  area.flags = flags_of(kind);
  area.file = kind.file;
  area.hooks = kind.file != nullptr ? kind.file->hooks : nullptr;
  area.page_offset = kind.file != nullptr ? first : geometry.pages(area.start);
  area.attributes = kind.attributes;
  return area;
}

std::string draw(const SpaceState<TestServices>& space, const Legend& legend, Address base,
                 std::uint64_t width) {
  const Geometry geometry = space.services.geometry();
  Letters letters(legend);
  std::string text;
  std::uint64_t column = 0;
  char before = '.';
  for (auto cursor = space.tree.seek(base); cursor.entry(); cursor.next()) {
    const TestArea& area = *cursor.entry().value;
    if (area.start < base || geometry.pages(area.end - base) > columns_max) continue;
    const std::uint64_t first = geometry.pages(area.start - base);
    const char letter = letters.of(area);
    if (first > column) {
      text.append(first - column, '.');
    } else if (letter == before) {
      text += '|';
    }
    column = geometry.pages(area.end - base);
    text.append(column - first, area.identity ? lower(letter) : letter);
    before = letter;
  }
  if (column < width) text.append(width - column, '.');
  return text;
}

}  // namespace vmarea::test
