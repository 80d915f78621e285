// SPDX-License-Identifier: MIT
#include "live/random_calls/sequence_file.hpp"

#include <cstdio>
#include <fstream>

#include <fmt/format.h>

#include "live/random_calls/call_text.hpp"

namespace vmarea::live {

std::string_view without_remark(std::string_view line) {
  line = line.substr(0, line.find('#'));
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  return line;
}

bool write_sequence(const std::string& path, const Shape& shape, const Sequence& sequence,
                    const std::string& remark) {
  std::ofstream file(path);
  file << "# " << remark << '\n'
       << fmt::format("shape pages={} crowd={} small_nodes={}\n", shape.pages, shape.crowd,
                      shape.small_nodes ? 1 : 0);
  for (const Call& call : sequence) file << describe(call) << '\n';
  file.close();
  return file.good();
}

std::string read_sequence(const std::string& path, Shape& shape, Sequence& sequence) {
  std::ifstream file(path);
  if (!file) return path + ": cannot be read";
  int number = 0;
  for (std::string text; std::getline(file, text);) {
    ++number;
    const std::string line(without_remark(text));
    if (line.empty()) continue;
    unsigned small_nodes = 0;
    if (std::sscanf(line.c_str(), "shape pages=%lu crowd=%lu small_nodes=%u", &shape.pages,
                    &shape.crowd, &small_nodes) == 3) {
      shape.small_nodes = small_nodes != 0;
      if (shape.pages == 0 || shape.pages > arena_pages_max) {
        return fmt::format("{}:{}: the arena has 1 to {} pages", path, number, arena_pages_max);
      }
    } else if (const auto call = parse_call(line)) {
      sequence.push_back(*call);
    } else {
      return fmt::format("{}:{}: not understood: {}", path, number, line);
    }
  }
  if (sequence.empty()) return path + ": holds no call";
  return {};
}

}  // namespace vmarea::live
