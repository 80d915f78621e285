// SPDX-License-Identifier: MIT
//
// Reads the text of /proc/PID/smaps, or of maps alone, as a list of areas; or finds the first place
// where it is not such a text. Nothing is guessed here and nothing is built.
//
//   line of maps            an area begins
//   Field: value            only in smaps: belongs to the area above, up to its VmFlags
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <vmarea_shims/proc/maps_line.hpp>
#include <vmarea_shims/proc/smaps_field.hpp>

namespace vmarea::shims {

/// An area of a text. `line.path` points into the text.
struct ProcArea {
  MapsLine line{};
  SmapsFields fields{};
  std::size_t line_number = 0;

  constexpr Range range() const noexcept { return line.range; }
};

/// The areas of a text in address order, or its first error.
struct ProcText {
  std::vector<ProcArea> areas;
  bool has_fields = false;  // It is smaps: every area has its flags.
  bool has_vsyscall = false;
  std::optional<TextError> error;
};

class SmapsParser {
 public:
  SmapsParser(std::string_view text, const Geometry& geometry) noexcept
      : text_(text), geometry_(geometry) {}

  ProcText parse() {
    if (text_.empty()) {
      line_number_ = 1;
      return fail_at_end("the line of an area");
    }
    while (!text_.empty()) {
      ++line_number_;
      const std::string_view line = take_line(text_);
      LineReader reader(line);
      const bool is_field = is_smaps_field(line);
      const bool good = is_field ? take_field(reader) : take_area(reader);
      if (!good) {
        result_.error = reader.error(line_number_);
        break;
      }
    }
    ++line_number_;
    if (!result_.error && lacks_flags()) return fail_at_end(flags_missing);
    if (result_.error) result_.areas.clear();
    return std::move(result_);
  }

 private:
  static constexpr const char* flags_missing = "the VmFlags of the area above";

  ProcText fail_at_end(const char* expected) {
    result_.areas.clear();
    result_.error = TextError{line_number_, 1, expected, "the end of the text"};
    return std::move(result_);
  }

  /// In smaps each area has flags; where the first one has fields, all have.
  bool lacks_flags() const noexcept { return result_.has_fields && !current_.fields.has_flags; }

  bool take_field(LineReader& reader) {
    if (!inside_) return reader.fail("the line of an area above its fields");
    const bool is_first_area = result_.areas.size() <= 1 && !result_.has_vsyscall;
    if (!result_.has_fields && !is_first_area) return reader.fail("the line of an area");
    result_.has_fields = true;
    const bool good = take_smaps_field(reader, current_.fields);
    if (good && current_.fields.has_flags) {
      const Flags shown = shown_letters(current_.fields.flags);
      if (!is_vsyscall(current_) && shown != current_.line.letters) {
        reader.go_to(0);
        return reader.fail("flags that agree with the area's permissions");
      }
    }
    if (!is_vsyscall(current_)) result_.areas.back() = current_;
    return good;
  }

  bool take_area(LineReader& reader) {
    if (lacks_flags()) return reader.fail(flags_missing);
    current_ = {};
    current_.line_number = line_number_;
    if (!take_maps_line(reader, current_.line)) return false;
    inside_ = true;
    if (is_vsyscall(current_)) {
      result_.has_vsyscall = true;
      return true;
    }
    if (!check_numbers(reader)) return false;
    result_.areas.push_back(current_);
    return true;
  }

  /// Says what is wrong at the number that is.
  bool check_numbers(LineReader& reader) noexcept {
    const MapsLine& line = current_.line;
    const Address before = result_.areas.empty() ? 0 : result_.areas.back().line.range.end;
    const auto refuse = [&](std::size_t at, const char* expected) {
      reader.go_to(at);
      return reader.fail(expected);
    };
    const std::string_view all = reader.whole();
    const std::size_t end_at = all.find('-') + 1;
    const std::size_t offset_at = all.find(' ', all.find(' ') + 1) + 1;
    if (!geometry_.aligned(line.range.start)) return refuse(0, "the start of a page");
    if (line.range.start < before) return refuse(0, "an address at or above the area before");
    if (!geometry_.aligned(line.range.end)) return refuse(end_at, "the end of a page");
    if (line.range.empty()) return refuse(end_at, "an end above the start");
    if (line.range.end > geometry_.limit) {
      return refuse(end_at, "an address below the limit of the space");
    }
    if (!geometry_.aligned(line.offset_bytes)) return refuse(offset_at, "an offset in whole pages");
    return true;
  }

  /// The page of x86-64 that is shown but is no area.
  static bool is_vsyscall(const ProcArea& area) noexcept { return area.line.path == "[vsyscall]"; }

  std::string_view text_;
  Geometry geometry_;
  std::size_t line_number_ = 0;
  bool inside_ = false;  // Below the line of an area.
  ProcArea current_{};
  ProcText result_{};
};

/// Reads smaps or maps. `text` outlives the answer.
inline ProcText parse_smaps(std::string_view text, const Geometry& geometry = {}) {
  return SmapsParser(text, geometry).parse();
}

}  // namespace vmarea::shims
