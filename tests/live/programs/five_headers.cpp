// SPDX-License-Identifier: MIT
//
// Five standard headers: its compilation is a program to follow.
#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>

int main(int count, char** words) {
  std::map<std::string, std::vector<int>> lengths;
  for (int i = 0; i < count; ++i) {
    const std::string word = words[i];
    lengths[word].push_back(static_cast<int>(word.size()));
  }
  for (auto& [word, numbers] : lengths) {
    std::sort(numbers.begin(), numbers.end());
    std::cout << word << ' ' << numbers.size() << '\n';
  }
}
