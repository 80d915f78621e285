// SPDX-License-Identifier: MIT
//
// What programs that write headers anew have in common. Each says who it is:
//
//   const char* const vmarea::test::generator_name = "plant";
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

namespace vmarea::test {

extern const char* const generator_name;

[[noreturn]] inline void stop(const std::string& why) {
  std::cerr << generator_name << ": " << why << "\n";
  std::exit(1);
}

inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) stop("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What is the same stays as old as it is, so that nothing that includes it is compiled anew.
inline void write_if_changed(const std::filesystem::path& path, const std::string& text) {
  if (std::filesystem::exists(path) && read(path) == text) return;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) stop("cannot write " + path.string());
}

}  // namespace vmarea::test
