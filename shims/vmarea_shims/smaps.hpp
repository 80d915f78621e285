// SPDX-License-Identifier: MIT
//
// Builds an address space from the text of /proc/PID/smaps, or of maps alone where there is nothing
// else, and says what had to be guessed; a text with an error names line and column, and nothing is
// imported.
//
//   vmarea::shims::ShownFiles<Userland> files;            outlives the space
//   vmarea::AddressSpace<Userland> space;
//   auto report = vmarea::shims::import_smaps(text, space, files, {.stat = text_of_stat});
//   if (!report) std::cerr << report.error->message();    line 3, column 27: expected 's' or 'p'
//   ... std::cout << report.text();                           00401000-00403000: guessed: ...
//
// Areas, their flags and what was touched are those of the text; pages are not imported. A host
// with file handles of its own passes, in place of ShownFiles, what answers open(), name() and
// userfault_context() alike.
#pragma once

#include <concepts>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <vmarea/address_space.hpp>
#include <vmarea_shims/proc/area_names.hpp>
#include <vmarea_shims/proc/guess_flags.hpp>
#include <vmarea_shims/proc/import_layout.hpp>
#include <vmarea_shims/proc/import_report.hpp>
#include <vmarea_shims/proc/smaps_parser.hpp>

namespace vmarea::shims {

// Clang-format 14 tears the requirements below apart.
// clang-format off

/// What import_smaps() asks for: an open file for a line, and handles for a name and for the
/// userfaultfd that watches.
template <class Source, class Host>
concept ImportSource = requires(Source& source, const MapsLine& line, std::string_view text) {
  { source.open(line) } -> std::convertible_to<typename Host::FileHandle>;
  { source.name(text) } -> std::convertible_to<MemoryName>;
  { source.userfault_context() } -> std::convertible_to<UserfaultContext>;
};

// clang-format on

/// Gives the area that starts at `at`, which has no identity, the one of the area that ends there,
/// or a new one. Errors: bad_address (no such area), no_memory, interrupted.
template <KernelServices Host>
Result<void> give_identity(AddressSpace<Host>& space, Address at, bool from_below) {
  const auto make_plan = [&](const SpaceState<Host>& state) -> StepPlan<Host, void> {
    Area<Host>* const area = find_area(state, at);
    const Area<Host>* const below = from_below && at != 0 ? find_area(state, at - 1) : nullptr;
    if (area == nullptr || area->start != at) return Error::bad_address;
    Piece<Host> piece = Piece<Host>::kept(*area, *area);
    if (below != nullptr) {
      piece.after.identity = below->identity;
      piece.identity_from = below;
    } else {
      piece.after.identity = next_identity(state);
      piece.makes_identity = true;
    }
    StepPlan<Host, void> plan{success};
    plan.add_edit({.extent = area->range(), .event = Event::touched}).add(piece);
    return plan;
  };
  return
      typename AddressSpace<Host>::template StepChange<void>(space.state(), make_plan).complete();
}

/// One import under way.
template <KernelServices Host, class Source>
class SmapsImport {
 public:
  SmapsImport(AddressSpace<Host>& space, Source& source, const ImportFacts& facts) noexcept
      : space_(space), source_(source), facts_(facts), geometry_(space.services().geometry()) {}

  ImportReport run(std::string_view text) {
    ProcText parsed = parse_smaps(text, geometry_);
    report_.error = std::move(parsed.error);
    if (report_.error) return std::move(report_);
    report_.had_flags = parsed.has_fields;
    report_.had_vsyscall = parsed.has_vsyscall;
    const SpaceLayout layout = import_layout(parsed.areas, facts_, space_.layout(), report_);
    if (const auto verdict = check_layout(layout, geometry_); verdict != LayoutVerdict::fits) {
      report_.error = TextError{0, 0, "a layout that fits", describe(verdict)};
      report_.guesses.clear();
      return std::move(report_);
    }
    space_.state().layout = layout;
    find_stack(parsed.areas);
    const InterningScope<Host, true> scope(space_.state());
    for (const ProcArea& area : parsed.areas) {
      if (!import(area)) {
        space_.clear();
        return std::move(report_);
      }
    }
    report_.area_count = parsed.areas.size();
    report_.add(Guess::policies);
    report_.add(Guess::modes);
    return std::move(report_);
  }

 private:
  using Key = std::tuple<unsigned, unsigned, std::uint64_t, std::string_view>;

  /// An area as it was imported, for the one above it.
  struct Imported {
    Description<Host> area{};
    bool touched = false;
  };

  void find_stack(const std::vector<ProcArea>& areas) {
    for (const ProcArea& area : areas) {
      if (area.line.path == "[stack]") stack_end_ = area.range().end;
    }
  }

  bool import(const ProcArea& shown) {
    Imported now{.touched = is_touched(shown)};
    describe(shown, now.area);
    const bool takes_identity = tell_apart(shown, now);
    const Result<void> inserted = space_.insert(now.area);
    if (!inserted) return refuse(shown, now.area, inserted.error());
    if (now.touched) {
      const bool from_below = takes_identity && shares_below(now.area);
      const Result<void> given = give_identity(space_, now.area.start, from_below);
      if (!given) return refuse(shown, now.area, given.error());
      tell_origin(now.area);
    }
    before_ = now;
    return true;
  }

  bool is_touched(const ProcArea& shown) {
    const bool is_private = !shown.line.letters.has_any(flag::shared);
    if (!is_private || find_special<Host>(shown.line.path) != nullptr) return false;
    if (report_.had_flags) return shown.fields.own_kilobytes != 0;
    report_.add(Guess::touched, shown.range());
    return shown.line.letters.has_any(flag::write);
  }

  void describe(const ProcArea& shown, Description<Host>& area) {
    const MapsLine& line = shown.line;
    const SpecialMapping<Host>* const special = find_special<Host>(line.path);
    area.start = line.range.start;
    area.end = line.range.end;
    if (report_.had_flags) {
      area.flags = flags_of(shown.fields);
      if (shown.fields.has_unknown_flags) report_.add(Guess::unknown_flags, line.range);
    } else {
      area.flags = special != nullptr ? special->flags : guess_flags(line);
      report_.add(Guess::flags, line.range);
      if (line.letters.has_any(flag::write)) report_.add(Guess::account, line.range);
    }
    if (special != nullptr) {
      area.hooks = &special->hooks;
    } else if (has_file(line)) {
      describe_file(line, area);
    } else {
      area.page_offset = anonymous_offset(line);
    }
    describe_attributes(line, area);
  }

  void describe_file(const MapsLine& line, Description<Host>& area) {
    const bool is_private = !line.letters.has_any(flag::shared);
    const bool is_zero_device = is_private && line.path == "/dev/zero";
    area.hooks = is_zero_device ? nullptr : &no_hooks<Host>;
    area.page_offset = geometry_.pages(line.offset_bytes);
    const auto [known, is_new] = files_.try_emplace(key_of(line));
    if (is_new) known->second = source_.open(line);
    area.file = known->second;
    if (!is_new) report_.add(Guess::open_files, line.range);
    if (!line.path.starts_with('/')) report_.add(Guess::drivers, line.range);
  }

  void describe_attributes(const MapsLine& line, Description<Host>& area) {
    Attributes content;
    if (area.flags.has_any(flag::userfault)) {
      content.userfault_context = source_.userfault_context();
      report_.add(Guess::userfault, line.range);
    }
    if (const std::string_view name = given_name(line.path); !name.empty()) {
      content.name = source_.name(name);
    }
    if (content.empty()) return;
    area.attributes = space_.services().intern_attributes(content);
    if (area.attributes != nullptr) return;
    area.flags = area.flags.without(flag::userfault);
    report_.add(Guess::attributes, line.range);
  }

  /// Linux places a new stack at the top of the space and moves it down: its offset stays.
  std::uint64_t anonymous_offset(const MapsLine& line) const noexcept {
    const bool is_stack = line.path == "[stack]";
    return geometry_.pages(is_stack ? geometry_.limit - (stack_end_ - line.range.start)
                                    : line.range.start);
  }

  /// Areas that would be one if nothing else kept them apart: by their identities if both are
  /// touched, or by their open files. Answers whether the upper one may share an identity.
  bool tell_apart(const ProcArea& shown, Imported& now) {
    const Description<Host>& low = before_.area;
    const JoinAnswer answer = judge_side(now.area, low, low, now.area, Middle::whole_area,
                                         geometry_, space_.services().profile());
    const bool never = (low.flags | now.area.flags).has_any(flag::special);
    if (never || !answer.joined()) return true;
    if (before_.touched && now.touched) return false;
    if (has_file(shown.line)) {
      now.area.file = files_[key_of(shown.line)] = source_.open(shown.line);
    } else {
      report_.add(Guess::boundary, shown.range());
    }
    return true;
  }

  void tell_origin(const Description<Host>& area) {
    if (area.anonymous()) report_.add(Guess::page_offsets, area.range());
    if (facts_.origin == MemoryOrigin::parent) {
      AnonIdentity& identity = find_area(space_.state(), area.start)->identity;
      identity = identity.as_fork_child();
    } else {
      report_.add(Guess::identities, area.range());
      report_.add(Guess::fork_children);
    }
  }

  bool shares_below(const Description<Host>& area) const noexcept {
    return before_.touched && facts_.origin != MemoryOrigin::parent &&
           can_share_identity(before_.area, area, geometry_, space_.services().profile());
  }

  static Key key_of(const MapsLine& line) noexcept {
    return {line.device.major, line.device.minor, line.inode, line.path};
  }

  bool refuse(const ProcArea& shown, const Description<Host>& area, Error error) {
    const Broken broken = check_description<Host>(space_.state(), area, 0);
    std::string expected = "memory and charge for an area";
    if (error == Error::invalid && broken) {
      expected = std::string("an area that is possible, and not ") + broken.what;
    }
    std::string found = "\"";
    append_maps_numbers(found, shown.line);
    report_.error = TextError{shown.line_number, 1, std::move(expected), found + "\""};
    report_.guesses.clear();
    return false;
  }

  AddressSpace<Host>& space_;
  Source& source_;
  const ImportFacts& facts_;
  Geometry geometry_;
  ImportReport report_{};
  std::map<Key, typename Host::FileHandle> files_;  // The last open file of each name.
  Imported before_{};
  Address stack_end_ = 0;
};

/// Fills `space`, which is empty, with what `text` shows: smaps, or maps alone. Its layout becomes
/// what the text and `facts` tell. Requires: the space is empty; `source` outlives it if it keeps
/// the files. Ensures: after an error the space is empty. Invalidates: all pointers and cursors.
template <KernelServices Host, class Source>
[[nodiscard]] ImportReport import_smaps(std::string_view text, AddressSpace<Host>& space,
                                        Source& source, const ImportFacts& facts = {}) {
  static_assert(ImportSource<Source, Host>,
                "a source answers open(line), name(text) and "
                "userfault_context()");
  if (space.area_count() != 0) {
    ImportReport refused;
    refused.error = TextError{0, 0, "an empty space", "areas"};
    return refused;
  }
  return SmapsImport<Host, Source>(space, source, facts).run(text);
}

}  // namespace vmarea::shims
