// SPDX-License-Identifier: MIT
//
// A space that was built from a text of /proc, with the files that it speaks of, for the tests of
// the import and of what is written.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vmarea/space/boundary.hpp>
#include <vmarea/space/check.hpp>
#include <vmarea_shims/maps_text.hpp>
#include <vmarea_shims/smaps.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {

template <class Host = shims::CheckedUserland>
struct Imported {
  explicit Imported(std::string_view text, const shims::ImportFacts& facts = {})
      : report(shims::import_smaps(text, space, files, facts)) {
    const Broken broken = check(space.state());
    EXPECT_FALSE(broken) << broken.what;
  }
  std::string maps() const { return shims::maps_text(space, files); }
  const Area<Host>& at(Address start) const {
    const Area<Host>* area = space.find(start);
    EXPECT_NE(area, nullptr) << std::hex << start;
    static const Area<Host> none{};
    return area != nullptr ? *area : none;
  }
  AnonIdentity identity(Address start) const { return at(start).identity; }

  shims::ShownFiles<Host> files;
  AddressSpace<Host> space;
  shims::ImportReport report;
};

/// The text of a file of this process. Nothing is mapped while it is read.
inline std::string read_proc(const char* path) {
  std::string text(std::size_t{1} << 21, '\0');
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  std::size_t size = 0;
  for (ssize_t got = 1; file >= 0 && got > 0; size += static_cast<std::size_t>(got)) {
    got = read(file, text.data() + size, text.size() - size);
    if (got < 0) break;
  }
  close(file);
  text.resize(size);
  return text;
}

/// An area of smaps in a few fields.
inline std::string smaps_area(std::string_view line, std::string_view flags,
                              std::string_view own_kilobytes = "0") {
  std::string text(line);
  text += "\nSize:                  4 kB\nAnonymous:             ";
  text += own_kilobytes;
  text += " kB\nTHPeligible:           0\nVmFlags: ";
  text += flags;
  return text + " \n";
}

inline std::string join(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

}  // namespace vmarea::test
