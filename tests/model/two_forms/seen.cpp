// SPDX-License-Identifier: MIT
#include "model/two_forms/seen.hpp"

#include <algorithm>

namespace vmarea::test::two_forms {

namespace {

/// Which of the values that were shown so far it is; 0: none.
template <class T>
std::uint64_t number_in(std::vector<T>& shown, T value) {
  if (value == T{}) return 0;
  const auto found = std::find(shown.begin(), shown.end(), value);
  const auto number = static_cast<std::uint64_t>(found - shown.begin()) + 1;
  if (found == shown.end()) shown.push_back(value);
  return number;
}

std::string text_of(const SeenArea& area) {
  return fmt::format(
      "[{:x},{:x}) offset {:x} flags {:x} identity {}{} file {} hooks {} policy {} context {} "
      "name {}",
      area.start >> 12, area.end >> 12, area.page_offset, area.flags.bits(), area.identity,
      area.fork_child ? " (fork child)" : "", area.file, static_cast<const void*>(area.hooks),
      area.attributes.policy, area.attributes.userfault_context, area.attributes.name);
}
std::string text_of(const std::pair<std::uint64_t, std::uint64_t>& page) {
  return fmt::format("page {:x} entry {:x}", page.first, page.second);
}
std::string text_of(const std::string& line) {
  return line;
}
std::string text_of(std::int64_t number) {
  return fmt::format("{}", number);
}

/// From the first difference on, a few of each.
template <class T>
void compare(std::string& text, const char* what, const std::vector<T>& one,
             const std::vector<T>& other) {
  if (one == other) return;
  const auto ends = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  text += fmt::format("{} differ from number {} on\n", what, ends.first - one.begin());
  const auto show = [&](const char* form, auto at, auto end) {
    for (int i = 0; i < 6 && at != end; ++i, ++at) {
      text += fmt::format("  {}: {}\n", form, text_of(*at));
    }
  };
  show("in one go  ", ends.first, one.end());
  show("beat by beat", ends.second, other.end());
}

}  // namespace

Seen Seen::of(every_call::World& world, every_call::Answer answer) {
  const every_call::World::Space& space = world.space();
  Seen seen;
  seen.answer = answer;
  std::vector<std::uint64_t> identities;
  std::vector<const TestFile*> made_files;
  seen.areas.reserve(space.area_count());
  for (const TestArea& area : space.areas()) {
    const auto* file = static_cast<const TestFile*>(area.file);
    std::uint64_t number = world.number_of(file);
    if (file != nullptr && number == 0) number = 100 + number_in(made_files, file);
    seen.areas.push_back({area.start, area.end, area.page_offset, area.flags,
                          number_in(identities, area.identity.value()), area.identity.fork_child(),
                          number, area.hooks, content_of(area.attributes)});
  }
  space.state().pages.for_each_page(0, ~std::uint64_t{0},
                                    [&](std::uint64_t page, shims::page_table::Entry entry) {
                                      seen.pages.emplace_back(page, entry);
                                    });
  seen.totals = space.totals();
  seen.charged = space.state().charged;
  seen.charged_by_host = world.host.charged;
  seen.area_count = space.area_count();
  seen.modes = space.modes();
  seen.default_flags = space.state().default_flags;
  seen.brk = space.layout().brk;
  seen.events = world.host.take_events();
  seen.lines = world.host.recorder.take();
  const TestState& host = world.host;
  seen.live = {host.areas.live,  host.nodes.live,    host.links.live,
               host.tables.live, host.contents.live, host.shared_memories};
  return seen;
}

std::string differences(const Seen& one, const Seen& other) {
  if (one == other) return {};
  std::string text;
  if (!(one.answer == other.answer)) {
    text += fmt::format("answers {} {:x} and {} {:x}\n", static_cast<int>(one.answer.error),
                        one.answer.value, static_cast<int>(other.answer.error), other.answer.value);
  }
  compare(text, "areas", one.areas, other.areas);
  compare(text, "pages", one.pages, other.pages);
  compare(text, "the recorder's lines", one.lines, other.lines);
  compare(text, "live objects", one.live, other.live);
  if (!(one.totals == other.totals)) text += "page totals differ\n";
  if (one.charged != other.charged || one.charged_by_host != other.charged_by_host) {
    text += fmt::format("charges {} and {}, of all spaces {} and {}\n", one.charged, other.charged,
                        one.charged_by_host, other.charged_by_host);
  }
  if (one.area_count != other.area_count) text += "area counts differ\n";
  if (!(one.modes == other.modes)) text += "modes differ\n";
  if (one.default_flags != other.default_flags) text += "default flags differ\n";
  if (one.brk != other.brk) text += fmt::format("breaks {:x} and {:x}\n", one.brk, other.brk);
  if (one.events != other.events) {
    text += fmt::format("messages '{}' and '{}'\n", one.events, other.events);
  }
  return text;
}

}  // namespace vmarea::test::two_forms
