// SPDX-License-Identifier: MIT
//
// The whole library where there is nothing else: every call is instantiated, the common ones run on
// the real tree, and after each step the picture and all invariants are compared.
//
//   "WWWr..W|W"   one character a page: - r W x by access, a dot for a hole, and a bar between two
//                 areas that look alike
//
// Exits with 0, or with the line of the expectation that failed; so there are fewer than 250 lines.
#include <cstddef>
#include <cstdint>

#include "compile/freestanding/frames.hpp"
#include "compile/freestanding/grace.hpp"
#include "examples/kernel/host.hpp"
#include "examples/kernel/start.hpp"

// Everything a user of this host could call must compile and link, not only what is called below.
template class vmarea::AddressSpace<freestanding::BareHost>;
template class vmarea::shims::MapleTree<int, freestanding::PoolMemory>;
template class vmarea::shims::MapleTree<int, freestanding::PoolMemory,
                                        vmarea::shims::MapleTreeOptions{
                                            .mode = vmarea::shims::WriteMode::published}>;
template class vmarea::shims::Pool<freestanding::Frames>;

namespace {

using namespace vmarea;

using freestanding::area_pool;
using freestanding::BareHost;
using freestanding::node_pool;
using Space = AddressSpace<BareHost>;

constexpr Address base = 0x10'0000;
constexpr std::uint64_t page = 4096;
constexpr Protection read_write = prot::read | prot::write;

constexpr Address at(std::uint64_t column) {
  return base + column * page;
}

void expect(bool kept, int line = __builtin_LINE()) {
  if (!kept) freestanding::exit(line);
}

char letter(Flags flags) {
  if (flags.has_any(flag::exec)) return 'x';
  if (flags.has_any(flag::write)) return 'W';
  return flags.has_any(flag::read) ? 'r' : '-';
}

/// The areas from `base` on are drawn like that, and every invariant holds.
void expect_picture(const Space& space, const char* wanted, int line = __builtin_LINE()) {
  Address drawn = base;
  char before = '.';
  for (const Area<BareHost>& area : space.areas()) {
    for (; drawn < area.start; drawn += page, ++wanted) expect(*wanted == '.', line);
    const char now = letter(area.flags);
    if (drawn == area.start && before == now && drawn != base) {
      expect(*wanted++ == '|', line);
    }
    for (; drawn < area.end; drawn += page, ++wanted) expect(*wanted == now, line);
    before = now;
    const bool followed = space.find(area.end) != nullptr;
    if (!followed) before = '.';
  }
  expect(*wanted == '\0', line);
  expect(!check(space.state()), line);
}

void map(Space& space, std::uint64_t first, std::uint64_t pages, int line = __builtin_LINE()) {
  const Result<Address> mapped = space.mmap({.address = at(first),
                                             .length = pages * page,
                                             .protection = read_write,
                                             .flags = map::private_ | map::anonymous | map::fixed});
  expect(mapped && *mapped == at(first), line);
}

void protect_unmap_and_remap() {
  Space space;
  map(space, 0, 8);
  expect_picture(space, "WWWWWWWW");
  expect(static_cast<bool>(space.mprotect(at(2), 3 * page, prot::read)));
  expect_picture(space, "WWrrrWWW");
  expect(space.area_count() == 3);
  expect(static_cast<bool>(space.mprotect(at(2), 3 * page, read_write)));
  expect_picture(space, "WWWWWWWW");
  expect(space.area_count() == 1);

  expect(static_cast<bool>(space.munmap(at(3), 2 * page)));
  expect_picture(space, "WWW..WWW");
  expect(space.mprotect(at(0), 8 * page, prot::none).code() == Error::no_memory);
  expect_picture(space, "---..WWW");  // Linux leaves what came before the hole.
  expect(space.munmap(at(0) + 1, page).code() == Error::invalid);

  const Result<Address> grown =
      space.mremap({.address = at(5), .old_length = 3 * page, .new_length = 5 * page, .flags = {}});
  expect(grown && *grown == at(5));
  expect_picture(space, "---..WWWWW");
  const Result<Address> moved = space.mremap({.address = at(6),
                                              .old_length = 2 * page,
                                              .new_length = 2 * page,
                                              .flags = remap::may_move | remap::fixed,
                                              .new_address = at(12)});
  expect(moved && *moved == at(12));
  expect_picture(space, "---..W..WW..WW");
  const Result<Address> placed = space.mmap({.length = 4 * page, .protection = prot::read});
  expect(placed && *placed == space.layout().mmap_base - 4 * page);
}

/// A touched middle keeps apart what would be one area, and fork gives the child identities.
void touch_and_fork() {
  Space space;
  map(space, 0, 2);
  expect(static_cast<bool>(space.touch(at(0), Touch::write)));
  map(space, 4, 2);
  expect(static_cast<bool>(space.touch(at(4), Touch::write)));
  map(space, 2, 2);
  expect_picture(space, "WWWW|WW");
  expect(space.find(at(0))->identity != space.find(at(4))->identity);
  expect(space.touch(at(9), Touch::write).code() == Error::bad_address);

  Space child;
  expect(static_cast<bool>(space.fork_into(child)));
  expect_picture(child, "WWWW|WW");
  expect(child.find(at(0))->identity.fork_child());
  expect(static_cast<bool>(child.munmap(at(1), page)));
  expect_picture(child, "W.WW|WW");
  expect_picture(space, "WWWW|WW");
}

void advise_lock_and_seal() {
  Space space;
  map(space, 0, 6);
  expect(static_cast<bool>(space.madvise(at(1), page, Advice::dont_fork)));
  expect_picture(space, "W|W|WWWW");
  expect(static_cast<bool>(space.madvise(at(1), page, Advice::do_fork)));
  expect_picture(space, "WWWWWW");
  expect(static_cast<bool>(space.mlock(at(4), 2 * page, MlockMode::lock)));
  expect(space.totals().locked == 2);
  expect_picture(space, "WWWW|WW");
  expect(static_cast<bool>(space.mseal(at(0), page)));
  expect(space.munmap(at(0), 6 * page).code() == Error::not_permitted);
  expect_picture(space, "W|WWW|WW");
}

/// What concerns all of a space, now and from now on.
void whole_space() {
  Space space;
  map(space, 0, 2);
  expect(static_cast<bool>(space.mlockall(mlockall::current | mlockall::future)));
  map(space, 3, 1);
  expect(space.totals().locked == 3);
  expect(static_cast<bool>(space.munlockall()));
  expect(space.totals().locked == 0);
  expect(static_cast<bool>(space.set_memory_merge(SamePageMerging::on)));
  map(space, 4, 1);
  expect_picture(space, "WW.WW");
  expect(static_cast<bool>(space.deny_write_exec(write_exec::refuse_exec_gain)));
  expect(space.mprotect(at(0), page, prot::exec).code() == Error::access_denied);
  expect(static_cast<bool>(space.insert_special({.start = at(8), .length = 2 * page})));
  expect(space.munmap(at(8), page).code() == Error::invalid);
  expect(static_cast<bool>(space.loader_brk(at(0), 2 * page, LoaderMemory::data)));
  expect(static_cast<bool>(space.insert_initial_stack(at(40))));
  expect(space.find_or_grow(at(38)) == space.find(at(39)));
}

/// Plan, reserve, commit: what is previewed is what happens, and a plan that is dropped is nothing.
void three_beats() {
  Space space;
  map(space, 0, 4);
  const std::size_t areas_before = area_pool.in_use();
  {
    auto dropped = space.plan_mprotect(at(1), page, prot::none);
    expect(static_cast<bool>(dropped.reserve()));
    expect(area_pool.in_use() > areas_before);
  }
  expect(area_pool.in_use() == areas_before);
  expect_picture(space, "WWWW");

  auto change = space.plan_mprotect(at(1), page, prot::none);
  unsigned edits = 0;
  change.for_each_step([&](const Step<BareHost>& step) { edits += step.edit->pieces.size(); });
  char said[1000];
  TextWriter to(said, sizeof said);
  write_text(to, change);
  write_joins(to, change);
  write_text(to, space);
  write_picture(to, space, {base, at(4)});
  expect(!to.truncated() && to.size() > 300 && said[to.size()] == '\0');
  expect(edits == 3 && change.status() && change.reserve() && change.commit());
  expect_picture(space, "W-WW");
}

/// Calls that run out of areas, or of nodes, change nothing.
void exhausted_memory() {
  Space space;
  map(space, 0, 3);
  area_pool.set_limit(area_pool.in_use() + 1);
  expect(space.mprotect(at(1), page, prot::none).code() == Error::no_memory);
  expect_picture(space, "WWW");
  area_pool.set_limit(decltype(area_pool)::block_count);
  node_pool.set_limit(node_pool.in_use());
  std::uint64_t column = 4;
  Result<Address> mapped = at(column);
  for (; mapped && column < 100; column += 2) {
    mapped = space.mmap({.address = at(column),
                         .length = page,
                         .flags = map::private_ | map::anonymous | map::fixed});
  }
  expect(mapped.code() == Error::no_memory);
  expect(!check(space.state()));
  node_pool.set_limit(decltype(node_pool)::block_count);
}

/// A tree of three levels, thinned out to nothing again.
void many_areas() {
  constexpr std::uint64_t count = 3000;
  Space space;
  for (std::uint64_t i = 0; i < count; ++i) map(space, 2 * i, 1);
  expect(space.area_count() == count && !check(space.state()));
  for (std::uint64_t i = 0; i < count; i += 3) {
    expect(static_cast<bool>(space.munmap(at(2 * i), page)));
  }
  expect(space.area_count() == count - count / 3 && !check(space.state()));
  expect(space.find(at(0)) == nullptr && space.find(at(2))->end == at(3));
  expect(static_cast<bool>(space.munmap(base, 2 * count * page)));
  expect_picture(space, "");
}

}  // namespace

int run() noexcept {
  protect_unmap_and_remap();
  touch_and_fork();
  advise_lock_and_seal();
  whole_space();
  three_beats();
  exhausted_memory();
  many_areas();
  expect(freestanding::pool_from_frames());
  expect(freestanding::retired_after_grace());
  expect(area_pool.in_use() == 0 && node_pool.in_use() == 0);
  return 0;
}
