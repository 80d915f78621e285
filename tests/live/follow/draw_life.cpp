// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <vmarea_shims/proc/smaps_field.hpp>

#include "address_axis.hpp"
#include "svg_picture.hpp"
#include "svg_text.hpp"

namespace follow {
namespace {

constexpr double margin = 16;
constexpr double label_width = 250;
constexpr double line_height = 15;
constexpr double top_names_height = 118;
constexpr double bottom_names_height = 90;
constexpr double name_room = 14;  // Between two slanted names.
constexpr std::size_t drawn_pieces_max = 6'000;
constexpr std::size_t rows_min = 64;  // Rather than fewer, pieces are drawn together.

// Kinds by colour, rights by its strength; what can be written and executed is red.
constexpr std::string_view style = R"(<style>
svg{background:#fff;font:11px ui-sans-serif,system-ui,sans-serif}
text{fill:#1f2328}.title{font-size:17px;font-weight:600}.soft,.soft text{fill:#59636e}
.call{font:10px ui-monospace,monospace}text.bad{fill:#cf222e}
.strip{fill:#1f2328;fill-opacity:0}.even{fill-opacity:.03}.strip:hover{fill-opacity:.09}
.gap{stroke:#afb8c1;stroke-dasharray:1 3}.in{font-size:10px;pointer-events:none}
.file{fill:#0969da;stroke:#0969da}.anonymous{fill:#1a7f37;stroke:#1a7f37}
.heap{fill:#d4720b;stroke:#d4720b}.stack{fill:#8250df;stroke:#8250df}
.shared{fill:#bf3989;stroke:#bf3989}.device{fill:#7d4e00;stroke:#7d4e00}
.special{fill:#6e7781;stroke:#6e7781}
.a{stroke-width:0}.n{fill-opacity:.09;stroke-width:.8;stroke-opacity:.7}
.r{fill-opacity:.32}.w{fill-opacity:.62}.m{fill-opacity:.47}.wx{fill:#cf222e}
.a:hover{stroke:#1f2328;stroke-width:1.5;stroke-opacity:1;stroke-dasharray:none}
.split{fill:#fff;stroke:#cf222e}.merge{fill:#1f2328;stroke:#fff}
@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}
.soft,.soft text{fill:#9198a1}text.bad{fill:#ff7b72}.strip{fill:#e6edf3}.gap{stroke:#484f58}
.file{fill:#58a6ff;stroke:#58a6ff}.anonymous{fill:#3fb950;stroke:#3fb950}
.heap{fill:#f0883e;stroke:#f0883e}.stack{fill:#bc8cff;stroke:#bc8cff}
.shared{fill:#ff7bc3;stroke:#ff7bc3}.device{fill:#d4a72c;stroke:#d4a72c}
.special{fill:#9198a1;stroke:#9198a1}.n{fill-opacity:.16}.wx{fill:#ff7b72}.a:hover{stroke:#e6edf3}
.split{fill:#0d1117;stroke:#ff7b72}.merge{fill:#e6edf3;stroke:#0d1117}}
</style>
)";

std::string_view class_of(vmarea::Flags flags) {
  namespace flag = vmarea::flag;
  if (flags.has_all(flag::write | flag::exec)) return "wx";
  if (flags.has_any(flag::exec)) return "x";
  if (flags.has_any(flag::write)) return "w";
  return flags.has_any(flag::read) ? "r" : "n";
}

std::string_view base_name(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.empty() ? path : name;
}

std::string text_of(const LifeRow& row) {
  if (row.events == 1) {
    return row.first_call == 0 ? row.text : fmt::format("{}: {}", row.first_call, row.text);
  }
  std::string names;
  for (const auto& [name, number] : row.names) {
    names += fmt::format("{}{} {}", names.empty() ? "" : ", ", number, name);
  }
  if (row.failed != 0) names += fmt::format("; {} failed", row.failed);
  if (row.first_call == 0) return names;
  if (row.first_call == row.last_call) return fmt::format("{}: {}", row.first_call, names);
  return fmt::format("{} to {}: {}", row.first_call, row.last_call, names);
}

std::string label_of(const LifeRow& row) {
  constexpr std::size_t letters = 40;
  if (row.events > 1) return shorten(text_of(row), letters);
  if (row.first_call == 0) return row.label;
  return shorten(fmt::format("{} {}", row.first_call, row.label), letters);
}

/// Pieces that are drawn as one: mostly a single one.
struct Drawn {
  LifePiece piece;  // The first; the range is that of all.
  std::set<std::string> accesses;
  std::size_t count = 1;
  double left = 0;
  double right = 0;
};

class Drawing {
 public:
  Drawing(const LifeRows& life, const PictureTexts& texts);

  std::string draw();

 private:
  void group_pieces(double cell);
  void draw_head();
  void draw_legend();
  void draw_names();
  void draw_rows();
  void draw_pieces();
  void write_inside(const Drawn& drawn, double y, double height);
  void draw_marks();
  void draw_addresses();
  void line(double y, std::string_view style, std::string_view text);
  double place_of(vmarea::Address at) const { return margin + label_width + axis_.place_of(at); }
  double top_of(std::size_t row) const {
    return rows_top_ + static_cast<double>(row) * row_height_;
  }
  std::string describe(const Drawn& drawn) const;

  const LifeRows& life_;
  const PictureTexts& texts_;
  std::vector<LifePiece> pieces_;
  double width_;
  AddressAxis axis_;
  std::vector<Drawn> drawn_;
  std::set<std::string, std::less<>> named_;  // Names that were written.
  double row_height_ = 0;
  double rows_top_ = 0;
  std::string out_;
};

std::vector<vmarea::Range> ranges_of(const std::vector<LifePiece>& pieces) {
  std::vector<vmarea::Range> ranges;
  for (const LifePiece& piece : pieces) ranges.push_back(piece.range);
  return ranges;
}

double find_width(const std::vector<LifePiece>& pieces) {
  constexpr double narrowest = 700, widest = 1500, per_piece = 14;
  const AddressAxis axis(ranges_of(pieces), 1);
  return std::clamp(per_piece * static_cast<double>(axis.piece_count()), narrowest, widest);
}

double find_row_height(std::size_t rows) {
  // Whole pixels, so that no seam is seen between pieces.
  constexpr double whole = 2000, lowest = 3, highest = 14;
  return std::clamp(std::floor(whole / static_cast<double>(rows)), lowest, highest);
}

Drawing::Drawing(const LifeRows& life, const PictureTexts& texts)
    : life_(life),
      texts_(texts),
      pieces_(life.pieces()),
      width_(find_width(pieces_)),
      axis_(ranges_of(pieces_), width_),
      row_height_(find_row_height(std::max<std::size_t>(life.rows().size(), 1))) {
  std::ranges::sort(pieces_, {}, [](const LifePiece& piece) {
    return std::tuple(piece.first_row, piece.end_row, piece.range.start);
  });
  double cell = 1;
  for (group_pieces(cell); drawn_.size() > drawn_pieces_max && cell < width_; cell *= 2) {
    group_pieces(cell);
  }
}

/// What is narrower than a cell is drawn together with what follows in it and lives as long.
void Drawing::group_pieces(double cell) {
  drawn_.clear();
  for (const LifePiece& piece : pieces_) {
    const std::string access = access_letters(piece.flags);
    Drawn next{piece, {access}, 1, place_of(piece.range.start), place_of(piece.range.end)};
    if (!drawn_.empty()) {
      Drawn& last = drawn_.back();
      const bool lives_as_long =
          last.piece.first_row == piece.first_row && last.piece.end_row == piece.end_row;
      const bool is_narrow = next.right - last.left <= cell;
      if (lives_as_long && is_narrow) {
        last.piece.range.end = piece.range.end;
        last.right = next.right;
        last.accesses.insert(access);
        ++last.count;
        continue;
      }
    }
    drawn_.push_back(std::move(next));
  }
}

void Drawing::line(double y, std::string_view kind, std::string_view text) {
  out_ += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{:.0f}\">{}</text>\n", kind, margin, y,
                      xml_text(text));
}

void Drawing::draw_head() {
  double y = margin + 14;
  line(y, "title", texts_.title);
  std::vector<std::string> notes = texts_.notes;
  if (life_.events_per_row() > 1) {
    notes.push_back(fmt::format(
        "Each row is {} calls and shows the areas after the last of them; {} that came and went "
        "within a row are not drawn.",
        life_.events_per_row(), print_count(life_.unseen_pieces(), "area")));
  }
  if (drawn_.size() < pieces_.size()) {
    std::size_t together = 0, groups = 0;
    for (const Drawn& drawn : drawn_) {
      if (drawn.count == 1) continue;
      together += drawn.count;
      ++groups;
    }
    notes.push_back(fmt::format("{} too narrow to be seen apart are drawn together as {}.",
                                print_count(together, "area"), groups));
  }
  for (const std::string& note : notes) line(y += line_height, "soft", note);
  rows_top_ = y + 10;
}

void Drawing::draw_legend() {
  constexpr auto kinds =
      std::to_array({AreaKind::file, AreaKind::anonymous, AreaKind::heap, AreaKind::stack,
                     AreaKind::shared, AreaKind::device, AreaKind::special});
  constexpr auto rights = std::to_array<std::pair<std::string_view, std::string_view>>(
      {{"n", "---"}, {"r", "r--"}, {"w", "rw-"}, {"x", "r-x"}, {"wx", "rwx"}});
  double x = margin;
  const double y = rows_top_;
  const auto box = [&](std::string_view kind, std::string_view right, std::string_view text) {
    out_ += fmt::format(
        "<rect class=\"a {} {}\" x=\"{:.0f}\" y=\"{:.0f}\" width=\"14\" height=\"11\"/>"
        "<text x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n",
        kind, right, x, y, x + 18, y + 9.5, text);
    x += 30 + 6.2 * static_cast<double>(text.size());
  };
  for (const AreaKind kind : kinds) {
    const bool is_used =
        std::ranges::any_of(pieces_, [&](const LifePiece& piece) { return piece.kind == kind; });
    if (is_used) box(name_of(kind), "w", name_of(kind));
  }
  x += 16;
  for (const auto& [kind, text] : rights) box("special", kind, text);
  x += 16;
  out_ += fmt::format("<path class=\"split\" d=\"M{:.0f} {:.0f}h8l-4 7z\"/>", x, y + 2);
  out_ += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\">split</text>", x + 12, y + 9.5);
  out_ += fmt::format("<circle class=\"merge\" cx=\"{:.0f}\" cy=\"{:.0f}\" r=\"3.5\"/>", x + 56,
                      y + 5.5);
  out_ += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\">merged</text>\n", x + 64, y + 9.5);
  rows_top_ += 16 + top_names_height;
}

/// Names above the memory that has them, where there is room for the next.
void Drawing::draw_names() {
  struct Span {
    std::string name;
    double left, right;
  };
  std::vector<LifePiece> pieces = pieces_;
  std::ranges::sort(pieces, {}, [](const LifePiece& piece) {
    return std::pair(piece.range.start, piece.end_row);
  });
  std::vector<Span> spans;
  for (const LifePiece& piece : pieces) {
    const double left = place_of(piece.range.start), right = place_of(piece.range.end);
    const bool is_named = !piece.name->empty();
    if (is_named && !spans.empty() && spans.back().name == *piece.name) {
      spans.back().right = std::max(spans.back().right, right);
    } else if (is_named) {
      spans.push_back({*piece.name, left, right});
    }
  }
  std::ranges::sort(spans, {}, [](const Span& span) { return span.left + span.right; });
  double last = -name_room;
  out_ += "<g class=\"soft\">\n";
  for (const Span& span : spans) {
    const double middle = (span.left + span.right) / 2;
    if (middle - last < name_room) continue;
    last = middle;
    named_.insert(span.name);
    out_ +=
        fmt::format("<text transform=\"translate({:.1f} {:.1f}) rotate(-55)\">{}</text>\n", middle,
                    rows_top_ - 6, xml_text(shorten(std::string(base_name(span.name)), 22)));
  }
  out_ += "</g>\n";
}

/// A strip behind each row, which says its calls, and as many labels as can be read.
void Drawing::draw_rows() {
  constexpr double label_room = 10;
  double labelled = -label_room;
  for (std::size_t i = 0; i < life_.rows().size(); ++i) {
    const LifeRow& row = life_.rows()[i];
    const double y = top_of(i);
    out_ += fmt::format(
        "<rect class=\"strip{}\" x=\"{}\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{:.1f}\">"
        "<title>{}</title></rect>\n",
        i % 2 == 0 ? " even" : "", margin, y, label_width + width_, row_height_,
        xml_text(text_of(row)));
    if (y - labelled < label_room) continue;
    labelled = y;
    out_ += fmt::format("<text class=\"call in{}\" x=\"{}\" y=\"{:.1f}\">{}</text>\n",
                        row.events == 1 && row.failed != 0 ? " bad" : "", margin,
                        y + std::min(row_height_, label_room) / 2 + 3.5, xml_text(label_of(row)));
  }
  for (std::size_t i = 1; i < axis_.runs().size(); ++i) {
    const vmarea::Range before = axis_.runs()[i - 1], after = axis_.runs()[i];
    const double middle = (place_of(before.end) + place_of(after.start)) / 2;
    out_ += fmt::format(
        "<path class=\"gap\" d=\"M{:.1f} {:.1f}V{:.1f}\"><title>{} never used: {:x}-{:x}</title>"
        "</path>\n",
        middle, rows_top_, top_of(life_.rows().size()), print_size(after.start - before.end),
        before.end, after.start);
  }
}

std::string Drawing::describe(const Drawn& drawn) const {
  const LifePiece& piece = drawn.piece;
  std::string text = fmt::format("{:x}-{:x}", piece.range.start, piece.range.end);
  if (drawn.count > 1) {
    text = fmt::format("{} of {}, drawn together: {}", print_count(drawn.count, "area"),
                       fmt::join(drawn.accesses, " "), text);
  } else {
    text += fmt::format(" {} {} {}", access_letters(piece.flags), print_size(piece.range.length()),
                        name_of(piece.kind));
    if (!piece.name->empty()) text += fmt::format("\n{}", *piece.name);
    if (piece.kind == AreaKind::file || piece.offset_bytes != 0) {
      text += fmt::format(" from {:#x}", piece.offset_bytes);
    }
    text += fmt::format("\n{}", vmarea::shims::flag_letters(piece.flags));
  }
  const auto& rows = life_.rows();
  text += fmt::format("\nsince {}", text_of(rows[piece.first_row]));
  if (piece.end_row < rows.size()) text += fmt::format("\nuntil {}", text_of(rows[piece.end_row]));
  return text;
}

void Drawing::draw_pieces() {
  constexpr double between = 0.7, narrowest = 0.6;
  for (const Drawn& drawn : drawn_) {
    const LifePiece& piece = drawn.piece;
    const std::string_view access = drawn.accesses.size() > 1 ? "m" : class_of(piece.flags);
    const double y = top_of(piece.first_row);
    const double width = std::max(drawn.right - drawn.left - between, narrowest);
    const double height = top_of(piece.end_row) - y;
    // Of memory without rights the sides are drawn, for above and below it often goes on.
    const std::string sides =
        access == "n" ? fmt::format(" stroke-dasharray=\"0 {0:.1f} {1:.1f} {0:.1f} {1:.1f} 0\"",
                                    width, height)
                      : "";
    out_ += fmt::format(
        "<rect class=\"a {} {}\"{} x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">"
        "<title>{}</title></rect>\n",
        name_of(piece.kind), access, sides, drawn.left, y, width, height,
        xml_text(describe(drawn)));
    if (access != "x" && drawn.count == 1) write_inside(drawn, y, height);
  }
}

/// Its name, if that stands nowhere else and there is room.
void Drawing::write_inside(const Drawn& drawn, double y, double height) {
  constexpr double letter = 5.6, line = 11;
  const std::string& path = *drawn.piece.name;
  const std::string_view name = base_name(path);
  const bool has_room =
      drawn.right - drawn.left > letter * static_cast<double>(name.size()) + 6 && height >= line;
  if (name.empty() || !has_room || !named_.insert(path).second) return;
  out_ += fmt::format("<text class=\"in\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", drawn.left + 3,
                      y + 10, xml_text(name));
}

/// Marks of one kind that would cover each other are one.
void Drawing::draw_marks() {
  struct Shown {
    MarkPlace place;
    double x = 0;
    std::size_t count = 1;
  };
  const double size = std::clamp(row_height_ / 2, 2.0, 4.0);
  std::vector<Shown> shown;
  std::map<LifeMark, std::size_t> last;
  for (const MarkPlace& place : life_.marks()) {
    if (!axis_.shows(place.at)) continue;  // All that was there came and went within a row.
    const double x = place_of(place.at);
    const auto before = last.find(place.mark);
    if (before != last.end()) {
      Shown& same = shown[before->second];
      if (same.place.row == place.row && x - same.x < size) {
        ++same.count;
        continue;
      }
    }
    last[place.mark] = shown.size();
    shown.push_back({place, x});
  }
  for (const auto& [place, x, count] : shown) {
    const bool is_split = place.mark == LifeMark::split;
    const double y = top_of(place.row);
    std::string title = fmt::format("{} at {:x}", is_split ? "split" : "merged", place.at);
    if (count > 1) title += fmt::format(" and {} more beside", count - 1);
    title += fmt::format("\n{}", text_of(life_.rows()[place.row]));
    const std::string shape =
        is_split ? fmt::format("path class=\"split\" d=\"M{:.1f} {:.1f}h{:.1f}l{:.1f} {:.1f}z\"",
                               x - size, y, 2 * size, -size, 1.8 * size)
                 : fmt::format("circle class=\"merge\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"", x,
                               y + size / 2, size * 0.9);
    out_ += fmt::format("<{}><title>{}</title></{}>\n", shape, xml_text(title),
                        is_split ? "path" : "circle");
  }
}

/// Where each run of memory begins.
void Drawing::draw_addresses() {
  const double y = top_of(life_.rows().size()) + 10;
  double last = -name_room;
  out_ += "<g class=\"soft call\">\n";
  for (const vmarea::Range run : axis_.runs()) {
    const double x = place_of(run.start);
    if (x - last < name_room) continue;
    last = x;
    out_ += fmt::format("<text transform=\"translate({:.1f} {:.1f}) rotate(55)\">{:x}</text>\n", x,
                        y, run.start);
  }
  out_ += "</g>\n";
}

std::string Drawing::draw() {
  draw_head();
  if (!pieces_.empty()) {
    draw_legend();
    draw_names();
    draw_rows();
    draw_pieces();
    draw_marks();
    draw_addresses();
  }
  const double width = label_width + width_ + 2 * margin + 60;
  const double height = top_of(life_.rows().size()) + bottom_names_height + margin;
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
             "viewBox=\"0 0 {0:.0f} {1:.0f}\">\n<title>{2}</title>\n",
             width, height, xml_text(texts_.title)) +
         std::string(style) + out_ + "</svg>\n";
}

}  // namespace

std::string draw_life(LifeRows& life, const PictureTexts& texts) {
  while (life.rows().size() > rows_min && life.pieces().size() > drawn_pieces_max) life.coarsen();
  return Drawing(life, texts).draw();
}

}  // namespace follow
