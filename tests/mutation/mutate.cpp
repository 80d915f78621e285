// SPDX-License-Identifier: MIT
//
// mutate ROOT OUT REFUSED OPTIONS... -- headers...
//
// Copies the headers ROOT/{include,shims}/NAME to OUT/NAME with all their mutants built in, each
// switched at run time, but for those that the file REFUSED names, for they do not compile. OPTIONS
// are the compiler's. OUT/mutants.txt has a line for each mutant:
//
//   NUMBER  LINE  KIND  HEADER | FUNCTION | ORIGINAL => MUTATED     parted by tabs
//
// mutate --refuse OUT < COMPILER_OUTPUT
//
// Says which mutants do not compile, as the file REFUSED names them. Each stands on a line of its
// own, so the line of a complaint is enough. Fails if there is none of whom it is said.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "mutation/mutants.hpp"
#include "support/generator.hpp"

const char* const vmarea::test::generator_name = "mutate";

namespace mutation {
namespace {

namespace fs = std::filesystem;
using vmarea::test::read;
using vmarea::test::stop;
using vmarea::test::write_if_changed;

std::set<std::string> lines_of(const fs::path& path) {
  std::set<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.insert(line);
  return lines;
}

/// ROOT/include/NAME and ROOT/shims/NAME are included as NAME.
std::string name_of(const fs::path& root, const fs::path& path) {
  const fs::path header = path.lexically_relative(root);
  return header.lexically_relative(*header.begin()).generic_string();
}

/// The text in one line, as names of mutants have it.
std::string flat(const std::string& text) {
  std::string flat = std::regex_replace(text, std::regex("//[^\n]*"), " ");
  flat = std::regex_replace(flat, std::regex("\\s+"), " ");
  if (flat.ends_with(' ')) flat.pop_back();
  return flat;
}

/// Builds mutants into one header after the other, and counts them.
class Mutator {
 public:
  explicit Mutator(std::set<std::string> refused) : refused_(std::move(refused)) {}

  std::string mutated(const std::string& header, const std::string& source, const Places& places) {
    header_ = &header;
    source_ = &source;
    places_ = &places;
    same_.clear();
    std::size_t next = 0;
    std::string text = render(0, source.size(), next);
    const std::string once = "#pragma once\n";
    const std::size_t top = text.find(once);
    if (top == std::string::npos) stop(header + " has no #pragma once");
    return text.insert(top + once.size(), "#include <vmarea_mutation/switch.hpp>\n");
  }

  std::string list() const { return list_.str(); }

 private:
  /// The text from `begin` to `end` with the mutants that lie in it. What lies in another one's
  /// text is built into the original, so that text does not double with each level.
  std::string render(std::size_t begin, std::size_t end, std::size_t& next) {
    std::string text;
    std::size_t done = begin;
    while (next < places_->size() && (*places_)[next].begin < end) {
      const Place& place = (*places_)[next++];
      text += source_->substr(done, place.begin - done);
      const std::vector<unsigned> numbers = number(place);
      const std::string inside = render(place.begin, place.end, next);
      text += switched(place, numbers, inside);
      done = place.end;
    }
    return text + source_->substr(done, end - done);
  }

  /// Numbers and lists the mutants of a place; 0 for what is refused.
  std::vector<unsigned> number(const Place& place) {
    std::vector<unsigned> numbers;
    const std::string original = flat(source_->substr(place.begin, place.end - place.begin));
    const auto line =
        1 + std::count(source_->begin(),
                       source_->begin() + static_cast<std::ptrdiff_t>(place.begin), '\n');
    for (const Mutant& mutant : place.mutants) {
      std::string name =
          *header_ + " | " + mutant.function + " | " + original + " => " + mutant.mutated;
      if (const unsigned times = ++same_[name]; times > 1) name += " #" + std::to_string(times);
      ++count_;
      if (refused_.count(name) != 0) {
        numbers.push_back(0);
        continue;
      }
      numbers.push_back(count_);
      list_ << count_ << '\t' << line << '\t' << mutant.kind << '\t' << name << '\n';
    }
    return numbers;
  }

  static std::string switched(const Place& place, const std::vector<unsigned>& numbers,
                              const std::string& inside) {
    std::string before;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] == 0) continue;
      const std::string is_on = "::vmarea_mutation::is_on(" + std::to_string(numbers[i]) + ")";
      if (place.is_statement) return "{\nif (!" + is_on + ")\n{ " + inside + " } }";
      before += "\n" + is_on + " ? (" + place.mutants[i].mutated + ") :";
    }
    if (before.empty()) return inside;
    const bool is_condition =
        std::any_of(place.mutants.begin(), place.mutants.end(),
                    [](const Mutant& mutant) { return mutant.kind == "condition"; });
    return "(" + before + (is_condition ? "\nstatic_cast<bool>(" : "\n(") + inside + "))";
  }

  std::set<std::string> refused_;
  std::map<std::string, unsigned> same_{};
  const std::string* header_ = nullptr;
  const std::string* source_ = nullptr;
  const Places* places_ = nullptr;
  unsigned count_ = 0;
  std::ostringstream list_{};
};

int mutate(const std::vector<std::string>& arguments) {
  const fs::path root = arguments[0];
  const fs::path out = arguments[1];
  const auto parted = std::find(arguments.begin(), arguments.end(), "--");
  if (parted == arguments.end()) stop("no headers");
  const std::vector<std::string> options(arguments.begin() + 3, parted);
  std::map<std::string, std::string> headers;
  std::string all;
  for (auto path = parted + 1; path != arguments.end(); ++path) {
    headers[*path] = read(*path);
    all += "#include <" + name_of(root, *path) + ">\n";
  }
  fs::create_directories(out);
  write_if_changed(out / "all.cpp", all);
  std::map<std::string, Places> places = find_places((out / "all.cpp").string(), options, headers);
  Mutator mutator(lines_of(arguments[2]));
  for (const auto& [path, source] : headers) {
    const std::string name = name_of(root, path);
    const Places& found = places[path];
    write_if_changed(out / name, found.empty() ? source : mutator.mutated(name, source, found));
  }
  write_if_changed(out / "mutants.txt", mutator.list());
  return 0;
}

int refuse(const fs::path& out) {
  std::map<std::string, std::string> names;
  std::ifstream list(out / "mutants.txt");
  for (std::string line; std::getline(list, line);) {
    names[line.substr(0, line.find('\t'))] = line.substr(line.rfind('\t') + 1);
  }
  const std::regex complaint("^(/[^:]*):([0-9]+):[0-9]+: (?:fatal )?error: .*");
  const std::regex is_on("::is_on\\(([0-9]+)\\)");
  std::map<std::string, std::vector<std::string>> texts;
  std::set<std::string> refused;
  for (std::string line; std::getline(std::cin, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, complaint)) continue;
    const std::string path = parts[1];
    if (fs::path(path).lexically_relative(out).begin()->string() == "..") continue;
    if (texts[path].empty()) {
      std::istringstream text(read(path));
      for (std::string each; std::getline(text, each);) texts[path].push_back(each);
    }
    const std::string& at = texts[path].at(std::stoul(parts[2]) - 1);
    if (std::smatch number; std::regex_search(at, number, is_on)) refused.insert(names[number[1]]);
  }
  for (const std::string& name : refused) std::cout << name << "\n";
  return refused.empty() ? 1 : 0;
}

}  // namespace
}  // namespace mutation

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 2 && arguments[0] == "--refuse") return mutation::refuse(arguments[1]);
  if (arguments.size() < 5) {
    std::cerr << "mutate ROOT OUT REFUSED OPTIONS... -- headers...\n";
    return 2;
  }
  return mutation::mutate(arguments);
}
