// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <vmarea_shims/maps_text.hpp>

#include "support/flag_letters.hpp"

namespace follow {
namespace {

constexpr std::size_t lines_of_context = 3;

std::string without_end(std::string line) {
  line.pop_back();
  return line;
}

std::string print_theirs(const KernelArea& area) {
  std::string line;
  vmarea::shims::append_maps_line(line, {area.range(),
                                         area.access,
                                         area.offset_bytes,
                                         {area.file.major, area.file.minor},
                                         area.file.inode,
                                         area.name});
  return without_end(line);
}

std::string print_ours(const Space& space, const AreaDescription& area) {
  std::string line;
  vmarea::shims::append_area<Services>(line, space, area, FollowedNames{});
  return without_end(line);
}

/// The part of a map that is worth showing: what is not equal on both sides, and a little around.
struct Excerpt {
  std::size_t first = 0;
  std::size_t ours_end = 0;
  std::size_t theirs_end = 0;
};

/// `at`: the index of the area that is shown where both are the same as far as maps goes.
Excerpt find_excerpt(const std::vector<std::string>& ours, const std::vector<std::string>& theirs,
                     std::size_t at) {
  if (ours == theirs) {
    const std::size_t end = std::min(at + 1 + lines_of_context, ours.size());
    return {.first = at - std::min(at, lines_of_context), .ours_end = end, .theirs_end = end};
  }
  const auto [a, b] = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  static_cast<void>(b);
  const auto same_before = static_cast<std::size_t>(a - ours.begin());
  std::size_t same_after = 0;
  const std::size_t shorter = std::min(ours.size(), theirs.size()) - same_before;
  while (same_after < shorter &&
         ours[ours.size() - 1 - same_after] == theirs[theirs.size() - 1 - same_after]) {
    ++same_after;
  }
  const std::size_t after = same_after - std::min(same_after, lines_of_context);
  return {.first = same_before - std::min(same_before, lines_of_context),
          .ours_end = ours.size() - after,
          .theirs_end = theirs.size() - after};
}

std::string print_side_by_side(const std::vector<std::string>& ours,
                               const std::vector<std::string>& theirs, const Excerpt& excerpt) {
  std::size_t width = 0;
  for (const std::string& line : theirs) width = std::max(width, line.size());
  std::string text = fmt::format("  {:<{}}   {}\n", "kernel", width, "ours");
  std::size_t i = excerpt.first;
  std::size_t k = excerpt.first;
  while (i < excerpt.theirs_end || k < excerpt.ours_end) {
    const std::string left = i < excerpt.theirs_end ? theirs[i] : "";
    const std::string right = k < excerpt.ours_end ? ours[k] : "";
    const bool same = left == right;
    // Lines of equal start stand beside each other.
    const auto start = [](const std::string& line) { return line.substr(0, line.find('-')); };
    const bool left_first = !left.empty() && (right.empty() || start(left) < start(right));
    const bool right_first = !right.empty() && (left.empty() || start(right) < start(left));
    text += fmt::format("{} {:<{}} {} {}\n", same ? ' ' : '!', right_first ? "" : left, width,
                        same ? ' ' : '|', left_first ? "" : right);
    if (!right_first) ++i;
    if (!left_first) ++k;
  }
  return text;
}

std::string print_identity(vmarea::AnonIdentity identity) {
  if (!identity) return "untouched";
  return fmt::format("identity {}{}", identity.value(),
                     identity.fork_child() ? " (fork child)" : "");
}

std::string print_hidden(const AreaDescription& area) {
  return fmt::format("    ours {:x}-{:x}: {}; page offset {:#x}; {}{}\n", area.start, area.end,
                     vmarea::test::letters_of(area.flags), area.page_offset,
                     print_identity(area.identity),
                     area.attributes != nullptr ? "; with attributes" : "");
}

/// Why two areas of ours that touch are two.
std::string explain_border(const Space& space, vmarea::Address at) {
  const vmarea::JoinAnswer why = vmarea::explain_boundary(space.state(), at);
  if (why.verdict == vmarea::JoinVerdict::no_neighbour) return {};
  return fmt::format(
      "    ours did not merge at {:x}: {}{}\n", at, vmarea::describe(why.verdict),
      why.flags.empty() ? "" : fmt::format(" ({})", vmarea::test::letters_of(why.flags)));
}

/// Why ours has one area where the kernel has a border, and what it was before the call.
std::string explain_merge(const AreaDescription& merged, const std::vector<AreaDescription>& before,
                          const std::vector<KernelArea>& kernel) {
  std::string text;
  for (const KernelArea& theirs : kernel) {
    if (theirs.start <= merged.start || theirs.start >= merged.end) continue;
    text += fmt::format(
        "    ours is one area across {:x}: flags, file, attributes, identities and "
        "page offsets agree there\n",
        theirs.start);
  }
  for (const AreaDescription& part : before) {
    if (!part.range().overlaps(merged.range()) || part.range() == merged.range()) continue;
    text += "      before the call" + print_hidden(part);
  }
  return text;
}

}  // namespace

std::string print_difference(FollowedSpace& space, const std::vector<AreaDescription>& before,
                             const Difference& difference) {
  std::vector<std::string> ours;
  std::vector<std::string> theirs;
  std::vector<AreaDescription> areas;
  const std::vector<KernelArea> kernel = space.kernel().read_areas_with_flags();
  for (const KernelArea& area : kernel) {
    theirs.push_back(print_theirs(area));
  }
  for (const auto& area : space.space().areas()) {
    ours.push_back(print_ours(space.space(), area));
    areas.push_back(area);
  }
  std::string text = fmt::format("  {} at {:#x}\n", difference.what, difference.at);
  const auto place = std::ranges::find_if(
      areas, [&](const AreaDescription& area) { return area.end > difference.at; });
  const Excerpt excerpt =
      find_excerpt(ours, theirs, static_cast<std::size_t>(place - areas.begin()));
  text += print_side_by_side(ours, theirs, excerpt);
  text += "  what maps does not show:\n";
  for (std::size_t i = excerpt.first; i < excerpt.theirs_end; ++i) {
    text += fmt::format("    kernel {:x}-{:x}: {}\n", kernel[i].start, kernel[i].end,
                        vmarea::test::letters_of(*kernel[i].flags));
  }
  for (std::size_t i = excerpt.first; i < excerpt.ours_end; ++i) {
    text += print_hidden(areas[i]);
    text += explain_merge(areas[i], before, kernel);
    text += explain_border(space.space(), areas[i].start);
  }
  return text;
}

std::string print_neighbourhood(const std::vector<AreaDescription>& areas, vmarea::Range range) {
  std::string text = fmt::format("  our areas before the call, around {:#x}:\n", range.start);
  for (const AreaDescription& area : areas) {
    if (area.end >= range.start && area.start <= range.end) text += print_hidden(area);
  }
  return text;
}

}  // namespace follow
