// SPDX-License-Identifier: MIT
//
// The same calls on an address space that watches its beats, and what it shows afterwards.
#pragma once

#include <memory>
#include <vector>

#include "model/small_scope/reference.hpp"
#include "support/test_space.hpp"

namespace vmarea::small_scope {

class Library {
 public:
  Library();
  Answer take(const Call& call);
  Picture picture() const;

 private:
  test::TestSpace& space() const { return *generations_.back(); }
  Result<void> map(const Call& call);
  Result<void> remap(const Call& call);
  Result<void> make(const Call& call);

  /// The last one goes on; the others, whose child it is, live as long.
  std::vector<std::unique_ptr<test::TestSpace>> generations_;
  test::TestFile* file_;
  test::TestFile* other_file_;  // The same, opened once more.
};

}  // namespace vmarea::small_scope
