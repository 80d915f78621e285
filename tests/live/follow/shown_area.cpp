// SPDX-License-Identifier: MIT
#include "shown_area.hpp"

#include <vmarea_shims/maps_text.hpp>

#include "followed_space.hpp"

namespace follow {
namespace {

namespace flag = vmarea::flag;

AreaKind find_kind(const AreaDescription& area, std::string_view name) {
  if (!vmarea::shims::special_name<Services>(area.hooks).empty()) return AreaKind::special;
  if (area.file != nullptr) {
    if (area.file->nature == Nature::driver) return AreaKind::device;
    if (area.file->nature == Nature::huge_memory) {
      return area.flags.has_any(flag::may_share) ? AreaKind::shared : AreaKind::anonymous;
    }
    const bool has_no_file = area.file->rules.storage == vmarea::Storage::anonymous_memory ||
                             area.file->nature == Nature::segment;
    return has_no_file ? AreaKind::shared : AreaKind::file;
  }
  if (name == "[heap]") return AreaKind::heap;
  if (name == "[stack]" || area.flags.has_any(flag::grows_down)) return AreaKind::stack;
  return AreaKind::anonymous;
}

}  // namespace

std::string_view name_of(AreaKind kind) {
  switch (kind) {
    case AreaKind::anonymous:
      return "anonymous";
    case AreaKind::heap:
      return "heap";
    case AreaKind::stack:
      return "stack";
    case AreaKind::file:
      return "file";
    case AreaKind::shared:
      return "shared";
    case AreaKind::device:
      return "device";
    case AreaKind::special:
      return "special";
  }
  return {};
}

ShownArea show(const Space& space, const AreaDescription& area) {
  ShownArea shown;
  shown.range = area.range();
  shown.flags = area.flags;
  shown.offset_bytes = vmarea::shims::shown_offset(area, vmarea::Geometry{});
  shown.name = vmarea::shims::area_name(space, area, FollowedNames{});
  shown.kind = find_kind(area, shown.name);
  if (area.file != nullptr) {
    shown.file = area.file->id;
    const bool is_named = area.attributes != nullptr && area.attributes->name != 0;
    if (!is_named && !area.file->name.empty()) shown.name = area.file->name;
  }
  return shown;
}

std::string access_letters(vmarea::Flags flags) {
  std::string letters;
  vmarea::shims::append_letters(letters, vmarea::shims::shown_letters(flags));
  return letters;
}

}  // namespace follow
