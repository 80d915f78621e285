// SPDX-License-Identifier: MIT
//
// The areas of a space as a host knows them that hears notices and nothing else: area -> range and
// flags. A notice says what its area is now, whatever its event is named after: a walk that cuts an
// area and gives a part of it other flags calls both of that `protected_`.
#pragma once

#include <map>
#include <string>

#include "model/every_call/world.hpp"

namespace vmarea::test::replayed_steps {

class NoticeMirror {
 public:
  void hear(const Notice<TestServices>& notice);
  /// What differs from the space, and what was wrong with a notice since the last time.
  std::string compare(const every_call::World::Space& space);
  bool empty() const { return known_.empty(); }

 private:
  struct Known {
    Range range{};
    Flags flags{};
  };

  void add(const Notice<TestServices>& notice);
  void change(const Notice<TestServices>& notice);
  void remove(const Notice<TestServices>& notice);
  void fail(const Notice<TestServices>& notice, const char* what);

  std::map<const TestArea*, Known> known_;
  std::string wrong_;
};

}  // namespace vmarea::test::replayed_steps
