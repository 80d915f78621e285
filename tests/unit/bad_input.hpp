// SPDX-License-Identifier: MIT
//
// A table of calls with bad arguments, made in three address spaces: 4 KiB pages, 16 KiB pages, and
// 32 bits. Each must answer with its errno and change nothing.
//
//   page     -32   -16     0   4   8       16 19 20 22
//   before   A ... | ....  AAAA....BBBB....SSS.X.KK        | the heap's start and break
#pragma once

#include <functional>
#include <vector>

#include "support/picture.hpp"
#include "support/snapshot.hpp"
#include "support/test_services.hpp"

namespace vmarea::test {
inline constexpr std::uint64_t all_ones = ~std::uint64_t{0};
inline constexpr Protection rw = prot::read | prot::write;
inline constexpr MapFlags anonymous = map::private_ | map::anonymous;
inline constexpr MapFlags fixed = anonymous | map::fixed;
inline constexpr RemapFlags fixed_move = remap::may_move | remap::fixed;
inline constexpr RemapFlags keeping_move = remap::may_move | remap::dont_unmap;

struct Place {
  const char* name;
  Geometry geometry;
  SpaceLayout layout;
};
inline const Place places[] = {
    {"4 KiB pages", {}, {}},
    {"16 KiB pages",
     {.page_shift = 14, .huge_page_shift = 25, .limit = 0x7fff'ffff'c000, .fixed_min = 0x4000},
     {.mmap_base = 0x7fff'f000'0000, .legacy_base = 0x2aaa'aaab'0000}},
    {"32 bits", {.limit = 0xc000'0000}, {.mmap_base = 0xb000'0000, .legacy_base = 0x4000'0000}},
};

/// A space with one of everything, and words for the arguments.
class Bad {
 public:
  explicit Bad(const Place& place) : space(make_space(host, place)) {
    limit = place.geometry.limit;
    page = place.geometry.page_size();
    Legend legend = default_legend(host);
    file = legend.at('S').file;
    segment = host.make_file({.segment_bytes = 2 * page + 1});
    const Address low = at(0) - 32 * page;
    EXPECT_TRUE(space.insert(describe_kind(legend.at('A'), low, 0, 1, host.geometry)));
    put(legend.at('A'), 0, 4);
    put(legend.at('B'), 8, 12);
    put(legend.at('S'), 16, 19);
    put(legend.at('X'), 20, 21);
    put(legend.at('K'), 22, 24);
    space.state().layout.start_brk = space.state().layout.brk = at(0) - 16 * page;
    EXPECT_TRUE(space.touch(at(1), Touch::write));
  }

  Address at(std::uint64_t number) const { return 0x200 * page + number * page; }
  /// A fixed private anonymous mapping, but for what is set afterwards.
  MmapRequest<TestServices> request(MapFlags flags = fixed) const {
    return {.address = at(0), .length = page, .protection = rw, .flags = flags};
  }
  MmapRequest<TestServices> file_request(MapFlags flags = map::shared) const {
    MmapRequest<TestServices> made = request(flags);
    made.file = file;
    return made;
  }
  Error map(MmapRequest<TestServices> request) { return space.mmap(request).code(); }
  Error remap(Address address, std::uint64_t old_length, std::uint64_t new_length,
              RemapFlags flags = remap::may_move, Address new_address = 0) {
    return space.mremap({address, old_length, new_length, flags, new_address}).code();
  }
  Error attach(Address address, bool replaces = false) {
    return space
        .attach_shared({.address = address, .segment = segment, .replaces_existing = replaces})
        .code();
  }
  Error insert(Address start, Address end) {
    return space.insert({.start = start, .end = end, .flags = flag::read}).code();
  }
  /// none if the break is what it was.
  Error brk(Address wanted) {
    const Address before = space.layout().brk;
    return space.brk(wanted) == before ? Error::none : Error::invalid;
  }

  TestState host;
  AddressSpace<TestServices> space;
  Address limit = 0;
  std::uint64_t page = 0;
  TestFile* file = nullptr;
  TestFile* segment = nullptr;

 private:
  static AddressSpace<TestServices> make_space(TestState& host, const Place& place) {
    host.geometry = place.geometry;
    return AddressSpace<TestServices>{TestServices(host), place.layout};
  }
  void put(const Kind& kind, std::uint64_t first, std::uint64_t upto) {
    EXPECT_TRUE(space.insert(describe_kind(kind, at(0), first, upto, host.geometry)));
  }
};

struct Row {
  const char* name;
  Error wanted;
  std::function<Error(Bad&)> call;
};

inline void expect_refused(const std::vector<Row>& rows) {
  for (const Place& place : places) {
    for (const Row& row : rows) {
      SCOPED_TRACE(std::string(place.name) + ": " + row.name);
      Bad bad(place);
      const Snapshot before = Snapshot::of(bad.space.state());
      const Address brk = bad.space.layout().brk;
      EXPECT_EQ(static_cast<int>(row.call(bad)), static_cast<int>(row.wanted));
      const std::string changes = differences(before, Snapshot::of(bad.space.state()));
      EXPECT_TRUE(changes.empty()) << changes;
      EXPECT_EQ(bad.space.layout().brk, brk);
      const Broken broken = check(bad.space.state());
      EXPECT_FALSE(broken) << broken.what;
    }
  }
}

}  // namespace vmarea::test
