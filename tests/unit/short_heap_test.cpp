// SPDX-License-Identifier: MIT
//
// What the ready hosts answer where the C++ run-time has no memory left: ENOMEM, and nothing
// changes. Operator new that does not throw is replaced for this program.
#include <new>

#include <vmarea_shims/reverse_map/mapped_files.hpp>
#include <vmarea_shims/segments.hpp>

#include "unit/land.hpp"

namespace {
bool heap_is_empty = false;
}

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return heap_is_empty ? nullptr : ::operator new(bytes);
}

namespace vmarea::test {
namespace {

/// For as long as it lives.
struct EmptyHeap {
  EmptyHeap() { heap_is_empty = true; }
  EmptyHeap(const EmptyHeap&) = delete;
  EmptyHeap& operator=(const EmptyHeap&) = delete;
  ~EmptyHeap() { heap_is_empty = false; }
};

TEST(ShortHeap, has_no_file_for_shared_or_huge_memory) {
  Land<shims::Userland> land("A...");
  const std::string before = land.text();
  for (const MapFlags type : {map::shared, map::private_ | map::huge_tlb | map::no_reserve,
                              map::shared | map::huge_tlb | map::no_reserve}) {
    const MmapRequest<shims::Userland> request{
        .length = 0x1000, .protection = rw, .flags = map::anonymous | type};
    {
      const EmptyHeap now;
      EXPECT_EQ(land.mmap(request).code(), Error::no_memory);
    }
    EXPECT_EQ(land.text(), before);
    const Result<Address> mapped = land.mmap(request);
    ASSERT_TRUE(mapped);
    EXPECT_TRUE(land.munmap(*mapped, 0x20'0000));
  }
}

TEST(ShortHeap, has_no_file_that_knows_its_areas) {
  using Files = shims::MappedFiles<TestServices>;
  const EmptyHeap now;
  EXPECT_EQ(Files::make_shared_memory(0x1000).code(), Error::no_memory);
  EXPECT_EQ(Files::make_huge_memory(0x20'0000, 21).code(), Error::no_memory);
}

TEST(ShortHeap, has_no_segment_and_no_attach) {
  shims::Segments<shims::Userland> segments;
  AddressSpace<shims::Userland> space;
  {
    const EmptyHeap now;
    EXPECT_EQ(segments.get({.bytes = 1}).code(), Error::no_memory);
  }
  EXPECT_EQ(segments.count(), 0u);
  const shims::SegmentId id = *segments.get({.bytes = 1});
  {
    const EmptyHeap now;
    EXPECT_EQ(segments.attach(space, id, {}).code(), Error::no_memory);
  }
  EXPECT_EQ(segments.status(id)->attached, 0u);
  EXPECT_EQ(space.area_count(), 0u);
  EXPECT_TRUE(segments.attach(space, id, {}));
}

}  // namespace
}  // namespace vmarea::test
