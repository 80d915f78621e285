// SPDX-License-Identifier: MIT
//
// What maps shows of an area that the core does not know: device, inode and path of its file, the
// name of a special mapping, the text of a name that the process gave. A host answers for its
// handles (AreaNames); ShownFiles answers for files that were read from a text, and keeps them.
//
//   [vdso] [vvar] [vvar_vclock] [uprobes]      told by the hooks of the area: special_mappings
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <vmarea/types/area.hpp>
#include <vmarea_shims/files.hpp>
#include <vmarea_shims/proc/maps_line.hpp>

namespace vmarea::shims {

/// The file of an area, as maps shows it. An empty path: the area has no name of its own.
struct ShownFile {
  DeviceNumber device{};
  std::uint64_t inode = 0;
  std::string_view path{};  // As it is, newlines included.
};

// Clang-format 14 tears the requirements below apart.
// clang-format off

/// What maps_text() asks: the file of an area that has one, and the text of a name.
template <class Names, class Host>
concept AreaNames = requires(const Names& names, const Description<Host>& area, MemoryName name) {
  { names.shown_file(area) } -> std::convertible_to<ShownFile>;
  { names.memory_name(name) } -> std::convertible_to<std::string_view>;
};

// clang-format on

/// No file has a path, and a name that was given to memory has no text: "[anon:]".
struct NoNames {
  template <class Host>
  static ShownFile shown_file(const Description<Host>&) noexcept {
    return {};
  }
  static std::string_view memory_name(MemoryName) noexcept { return {}; }
};

namespace detail {

template <class Host>
void told_of_end(Area<Host>&) noexcept {}
template <class Host>
Result<void> never_cut(const Description<Host>&, Address) noexcept {
  return Error::invalid;
}

}  // namespace detail

/// A mapping that the kernel makes itself: it is told of its end and is never cut. Its hooks are
/// its name.
template <class Host>
struct SpecialMapping {
  std::string_view name;
  Flags flags{};  // What it has on x86-64, for a reader that sees its letters alone.
  AreaHooks<Host> hooks{.close = detail::told_of_end<Host>, .may_split = detail::never_cut<Host>};
};

namespace detail {
inline constexpr Flags vvar_flags = flag::read | flag::may_read | flag::page_frames | flag::io |
                                    flag::dont_expand | flag::dont_dump;
inline constexpr Flags code_flags = flag::read | flag::exec | flag::may_access | flag::dont_expand;
}  // namespace detail

template <class Host>
inline constexpr SpecialMapping<Host> special_mappings[] = {
    {"[vdso]", detail::code_flags},
    {"[vvar]", detail::vvar_flags},
    {"[vvar_vclock]", detail::vvar_flags},
    {"[uprobes]",
     flag::exec | flag::may_read | flag::may_exec | flag::io | flag::dont_expand | flag::dont_copy},
};

/// The special mapping of this name; null for other names.
template <class Host>
constexpr const SpecialMapping<Host>* find_special(std::string_view name) noexcept {
  for (const SpecialMapping<Host>& mapping : special_mappings<Host>) {
    if (mapping.name == name) return &mapping;
  }
  return nullptr;
}

/// The name of a special mapping by its hooks; empty for other areas.
template <class Host>
constexpr std::string_view special_name(const AreaHooks<Host>* hooks) noexcept {
  for (const SpecialMapping<Host>& mapping : special_mappings<Host>) {
    if (&mapping.hooks == hooks) return mapping.name;
  }
  return {};
}

/// The files and names that a text speaks of, for hosts whose file handle is a shims::File. It
/// outlives the space whose areas refer to it.
template <class Host>
class ShownFiles {
 public:
  /// A file of a text, which is an open file of its own.
  struct Shown : File<Host> {
    DeviceNumber device{};
    std::uint64_t inode = 0;
    std::string path;
  };

  ShownFiles() = default;
  ShownFiles(const ShownFiles&) = delete;
  ShownFiles& operator=(const ShownFiles&) = delete;

  /// An open file with what the line shows.
  File<Host>* open(const MapsLine& line) {
    auto file = std::make_unique<Shown>();
    file->device = line.device;
    file->inode = line.inode;
    file->path = unescape_path(line.path);
    File<Host>* const handle = file.get();
    files_.emplace(handle, std::move(file));
    return handle;
  }
  /// A number for a name of memory, the same for the same text.
  MemoryName name(std::string_view text) {
    const auto known = std::find(names_.begin(), names_.end(), text);
    const auto index = static_cast<MemoryName>(known - names_.begin());
    if (known == names_.end()) names_.emplace_back(text);
    return index + 1;
  }
  /// The one userfaultfd that stands for all of which a text shows traces.
  static UserfaultContext userfault_context() noexcept { return 1; }

  ShownFile shown_file(const Description<Host>& area) const noexcept {
    const auto found = files_.find(area.file);
    if (found == files_.end()) return {};
    const Shown& file = *found->second;
    return {file.device, file.inode, file.path};
  }
  std::string_view memory_name(MemoryName number) const noexcept {
    if (number == 0 || number > names_.size()) return {};
    return names_[static_cast<std::size_t>(number - 1)];
  }

 private:
  std::unordered_map<const File<Host>*, std::unique_ptr<Shown>> files_;
  std::vector<std::string> names_;  // Number 1 is the first.
};

}  // namespace vmarea::shims
