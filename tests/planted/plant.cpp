// SPDX-License-Identifier: MIT
//
// plant FAULTS ROOT OUT headers...
//
// Copies the headers ROOT/{include,shims}/NAME to OUT/NAME with all faults of the list FAULTS built
// in, each switched at run time, and writes their names to OUT/vmarea_planted/names.hpp. Files that
// would not change are left alone, so that nothing is compiled again for nothing.
//
// An original text must occur exactly once, runs of white space counting as one blank: otherwise
// the header has changed, the fault shows nothing any more, and the build stops with its name. Of
// a text with @{ and }@ only what lies between them is replaced; the rest says where it stands.
// Faults with the same original text share its place, and one may lie in the text of another;
// texts that merely overlap are refused.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/generator.hpp"

const char* const vmarea::test::generator_name = "plant";

namespace {

namespace fs = std::filesystem;
using vmarea::test::read;
using vmarea::test::stop;
using vmarea::test::write_if_changed;

struct Fault {
  std::string name{};
  std::string header{};
  std::string kind{};  // expression, statement or before.
  std::string original{};
  std::string faulty{};
  unsigned number = 0;
};

void add_line(std::string& text, std::string_view line) {
  if (!text.empty()) text += '\n';
  text += line;
}

/// What stands above a fault's text: what it is, and who finds it.
bool is_heading(const std::string& key) {
  static const std::set<std::string> keys = {"family",         "caught_by",   "caught_in",
                                             "searched_among", "searched_in", "found_by",
                                             "followed_with"};
  return keys.count(key) != 0;
}

/// The list; its notation is explained at its head.
std::vector<Fault> parse(const fs::path& path) {
  std::vector<Fault> faults;
  std::istringstream lines(read(path));
  unsigned number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto wrong = [&](const char* why) {
      stop(path.string() + ":" + std::to_string(number) + ": " + why);
    };
    if (line.empty() || line[0] == '#') continue;
    const std::size_t blank = line.find(' ');
    const std::string key = line.substr(0, blank);
    const std::string value = blank == std::string::npos ? "" : line.substr(blank + 1);
    if (key == "fault") {
      faults.push_back({.name = value, .number = static_cast<unsigned>(faults.size()) + 1});
    } else if (faults.empty()) {
      wrong("stands before the first fault");
    } else if (key == "header") {
      faults.back().header = value;
    } else if (key == "expression" || key == "statement" || key == "before") {
      faults.back().kind = key;
    } else if (key == "-") {
      add_line(faults.back().original, value);
    } else if (key == "+") {
      add_line(faults.back().faulty, value);
    } else if (!is_heading(key)) {
      wrong("is no line of this notation");
    }
  }
  return faults;
}

void check(const std::vector<Fault>& faults) {
  std::set<std::string> names;
  for (const Fault& fault : faults) {
    const auto wrong = [&](const char* why) { stop("fault " + fault.name + ": " + why); };
    const auto is_plain = [](unsigned char c) {
      return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_';
    };
    if (fault.name.empty() || !std::all_of(fault.name.begin(), fault.name.end(), is_plain)) {
      wrong("a name is made of lower case letters, digits and _");
    }
    if (!names.insert(fault.name).second) wrong("the name is there twice");
    if (fault.kind.empty()) wrong("says neither expression nor statement nor before");
    if (fault.header.empty() || fault.original.empty()) wrong("has no header or no original text");
    if (fault.faulty.empty() && fault.kind != "statement") wrong("has no faulty text");
  }
}

struct Span {
  std::size_t begin;
  std::size_t end;
  friend bool operator==(const Span&, const Span&) = default;
};

/// A text in which each run of white space is one blank, and where each character came from.
struct Flat {
  std::string text;
  std::vector<std::size_t> from;

  explicit Flat(const std::string& source) {
    for (std::size_t i = 0; i < source.size(); ++i) {
      const bool blank = std::isspace(static_cast<unsigned char>(source[i])) != 0;
      if (blank && (text.empty() || text.back() == ' ')) continue;
      text += blank ? ' ' : source[i];
      from.push_back(i);
    }
  }
};

/// Cuts `mark` out of `text` and says where it stood; the whole length if it is not there.
std::size_t take_mark(std::string& text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string::npos) return text.size();
  text.erase(at, mark.size());
  return at;
}

Span find_once(const Fault& fault, const std::string& source, const Flat& flat) {
  const auto wrong = [&](const char* why) {
    stop("fault " + fault.name + ": the original text " + why + " in " + fault.header + ":\n" +
         fault.original);
  };
  std::string wanted = Flat(fault.original).text;
  if (wanted.ends_with(' ')) wanted.pop_back();
  const bool is_marked = wanted.find("@{") != std::string::npos;
  const std::size_t begin = is_marked ? take_mark(wanted, "@{") : 0;
  const std::size_t end = take_mark(wanted, "}@");
  const std::size_t at = flat.text.find(wanted);
  if (at == std::string::npos) wrong("is not found");
  if (flat.text.find(wanted, at + 1) != std::string::npos) wrong("is found more than once");
  if (begin >= end) wrong("has nothing between its marks");
  const Span span{flat.from[at + begin], flat.from[at + end - 1] + 1};
  const std::string found = source.substr(span.begin, span.end - span.begin);
  if (found.find("//") != std::string::npos) wrong("has a comment in it");
  return span;
}

/// The text in the place of `before`: with the fault off it does what `before` does.
std::string switched(const Fault& fault, const std::string& before) {
  const std::string is_on = "::vmarea_planted::is_on(" + std::to_string(fault.number) + ")";
  if (fault.kind == "expression")
    return "(" + is_on + " ? (" + fault.faulty + ") : (" + before + "))";
  if (fault.kind == "before") return "if (" + is_on + ") { " + fault.faulty + " } " + before;
  return "{ if (" + is_on + ") { " + fault.faulty + " } else { " + before + " } }";
}

struct Placed {
  Span span;
  const Fault* fault;
};

/// The text of `span` with the faults that lie in it: `*next` and the following ones. What lies in
/// another one's text is built into that, where it does what is right.
std::string render(const std::string& source, Span span, const std::vector<Placed>& placed,
                   std::size_t& next) {
  std::string text;
  std::size_t done = span.begin;
  while (next < placed.size() && placed[next].span.begin < span.end) {
    const Placed& outer = placed[next];
    if (outer.span.end > span.end) {
      stop("fault " + outer.fault->name + " overlaps fault " + placed[next - 1].fault->name);
    }
    const std::size_t first = next++;
    while (next < placed.size() && placed[next].span == outer.span) ++next;
    const std::size_t upto = next;
    text += source.substr(done, outer.span.begin - done);
    std::string inside = render(source, outer.span, placed, next);
    for (std::size_t i = first; i < upto; ++i) inside = switched(*placed[i].fault, inside);
    text += inside;
    done = outer.span.end;
  }
  return text + source.substr(done, span.end - done);
}

std::string plant(const std::string& source, const std::vector<const Fault*>& faults) {
  const Flat flat(source);
  std::vector<Placed> placed;
  for (const Fault* fault : faults) placed.push_back({find_once(*fault, source, flat), fault});
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : a.span.end > b.span.end;
  });
  std::size_t next = 0;
  std::string planted = render(source, {0, source.size()}, placed, next);
  const std::string once = "#pragma once\n";
  const std::size_t top = planted.find(once);
  if (top == std::string::npos) stop("a header with a fault has no #pragma once");
  return planted.insert(top + once.size(), "#include <vmarea_planted/switch.hpp>\n");
}

std::string names_header(const std::vector<Fault>& faults) {
  std::ostringstream text;
  text << "#pragma once\nnamespace vmarea_planted {\ninline constexpr unsigned name_count = "
       << faults.size() + 1 << ";\ninline constexpr const char* names[name_count] = {\n\"none\",\n";
  for (const Fault& fault : faults) text << "\"" << fault.name << "\",\n";
  text << "};\n}\n";
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) stop("plant FAULTS ROOT OUT headers...");
  const std::vector<Fault> faults = parse(argv[1]);
  check(faults);
  const fs::path root = argv[2];
  const fs::path out = argv[3];
  std::map<std::string, std::vector<const Fault*>> by_header;
  for (const Fault& fault : faults) by_header[fault.header].push_back(&fault);
  for (int i = 4; i < argc; ++i) {
    const fs::path header = fs::path(argv[i]).lexically_relative(root);
    const std::string name = header.lexically_relative(*header.begin()).generic_string();
    std::string text = read(argv[i]);
    if (const auto found = by_header.find(name); found != by_header.end()) {
      text = plant(text, found->second);
      by_header.erase(found);
    }
    write_if_changed(out / name, text);
  }
  if (!by_header.empty()) {
    stop("fault " + by_header.begin()->second[0]->name + ": there is no header " +
         by_header.begin()->first);
  }
  write_if_changed(out / "vmarea_planted" / "names.hpp", names_header(faults));
}
