// SPDX-License-Identifier: MIT
#include <iostream>
#include <map>
#include <regex>
#include <string>

int main() {
  std::map<std::string, int> numbers;
  for (int i = 0; i < 1000; i++) numbers[std::to_string(i)] = i;
  std::cout << numbers.size() << std::regex_match("abc", std::regex("a.*")) << "\n";
}
