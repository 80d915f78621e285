// SPDX-License-Identifier: MIT
#include "fuzz/land.hpp"

namespace vmarea::test::fuzz {

namespace {

std::string text_of(const SeenArea& area) {
  return fmt::format(
      "space {} [{:x},{:x}) offset {:x} flags {:x} identity {} file {} hooks {} policy {} "
      "context {} name {}",
      area.space, area.start, area.end, area.page_offset, area.flags.bits(), area.identity,
      area.file, area.hooks, area.attributes.policy, area.attributes.userfault_context,
      area.attributes.name);
}

}  // namespace

std::string differences(const Seen& one, const Seen& other) {
  if (one == other) return {};
  std::string text;
  if (!(one.answer == other.answer)) {
    text += fmt::format("answers {} {:x} and {} {:x}\n", static_cast<int>(one.answer.error),
                        one.answer.value, static_cast<int>(other.answer.error), other.answer.value);
  }
  for (std::size_t i = 0; i < std::max(one.areas.size(), other.areas.size()); ++i) {
    const bool here = i < one.areas.size(), there = i < other.areas.size();
    if (here && there && one.areas[i] == other.areas[i]) continue;
    text += fmt::format("  {}\n  {}\n", here ? text_of(one.areas[i]) : "none",
                        there ? text_of(other.areas[i]) : "none");
    break;
  }
  if (!(one.spaces == other.spaces)) text += "counters, modes or breaks differ\n";
  if (one.charged != other.charged) {
    text += fmt::format("charged {} and {}\n", one.charged, other.charged);
  }
  if (one.notices != other.notices) {
    text += fmt::format("notices\n{}and\n{}", one.notices, other.notices);
  }
  if (one.events != other.events) {
    text += fmt::format("messages\n{}and\n{}", one.events, other.events);
  }
  return text;
}

Place Place::of(const Scene& scene) {
  Place place;
  place.geometry = Geometry::of({.page_shift = scene.page_shift, .address_bits = 47});
  const std::uint64_t page = place.geometry.page_size();
  place.geometry.limit = scene.address_bits == 64 ? ~std::uint64_t{0} - page + 1
                                                  : (std::uint64_t{1} << scene.address_bits) - page;
  const std::uint64_t pages = place.geometry.pages(place.geometry.limit);
  if (scene.window == Window::middle) place.first_page = (pages / 2 + 1) - 16;
  if (scene.window == Window::highest) place.first_page = pages - every_call::columns;
  return place;
}

}  // namespace vmarea::test::fuzz
