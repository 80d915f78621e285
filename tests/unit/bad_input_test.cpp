// SPDX-License-Identifier: MIT
//
// What mmap, munmap and mprotect say to arguments that are misaligned, zero, wrapping, beyond the
// address space, unknown, or that overlap: the errno of the specification, and nothing changes.
#include "unit/bad_input.hpp"

namespace vmarea::test {
namespace {

TEST(BadInput, mmap_refuses_lengths_and_offsets) {
  const auto with_length = [](auto length) {
    return [length](Bad& b) {
      auto request = b.request(anonymous);
      request.length = length(b);
      return b.map(request);
    };
  };
  expect_refused({
      {"length 0", Error::invalid, with_length([](Bad&) { return 0ull; })},
      {"length that rounds to 0", Error::no_memory, with_length([](Bad&) { return all_ones; })},
      {"length beyond the space", Error::no_memory,
       with_length([](Bad& b) { return b.limit + 1; })},
      {"length of half of everything", Error::no_memory,
       with_length([](Bad&) { return all_ones / 2; })},
      {"misaligned offset before length 0", Error::invalid,
       [](Bad& b) {
         auto request = b.file_request();
         request.offset = b.page / 2;
         return b.map(request);
       }},
      {"offset beyond what a file can have", Error::overflow,
       [](Bad& b) {
         auto request = b.file_request();
         request.offset = std::uint64_t{1} << 63;
         return b.map(request);
       }},
      {"offset and length beyond what a file can have", Error::overflow,
       [](Bad& b) {
         auto request = b.file_request();
         request.offset = (std::uint64_t{1} << 63) - b.page;
         request.length = 2 * b.page;
         return b.map(request);
       }},
  });
}

TEST(BadInput, mmap_refuses_fixed_addresses) {
  const auto with_address = [](auto address, std::uint64_t pages) {
    return [address, pages](Bad& b) {
      auto request = b.request();
      request.address = address(b);
      request.length = pages * b.page;
      return b.map(request);
    };
  };
  expect_refused({
      {"misaligned", Error::invalid, with_address([](Bad& b) { return b.at(0) + 1; }, 1)},
      {"the limit", Error::no_memory, with_address([](Bad& b) { return b.limit; }, 1)},
      {"reaches past the limit", Error::no_memory,
       with_address([](Bad& b) { return b.limit - b.page; }, 2)},
      {"wraps", Error::no_memory, with_address([](Bad& b) { return 0 - b.page; }, 2)},
      {"past the limit before misaligned", Error::no_memory,
       with_address([](Bad& b) { return b.limit + 1; }, 1)},
      {"too low without the privilege", Error::not_permitted,
       [](Bad& b) {
         b.host.limits.may_map_lowest = false;
         auto request = b.request();
         request.address = 0;
         return b.map(request);
       }},
      {"occupied and to be kept", Error::exists,
       [](Bad& b) { return b.map(b.request(anonymous | map::fixed_noreplace)); }},
      {"sealed memory in the way", Error::not_permitted,
       with_address([](Bad& b) { return b.at(19); }, 2)},
  });
}

TEST(BadInput, mmap_refuses_types_and_flags) {
  const auto anonymous_with = [](MapFlags flags) {
    return [flags](Bad& b) { return b.map(b.request(map::anonymous | flags)); };
  };
  const auto file_with = [](MapFlags flags) {
    return [flags](Bad& b) { return b.map(b.file_request(flags)); };
  };
  expect_refused({
      {"no type", Error::invalid, anonymous_with({})},
      {"an unknown type", Error::invalid, anonymous_with(MapFlags{4})},
      {"anonymous shared_validate", Error::invalid, anonymous_with(map::shared_validate)},
      {"shared that grows", Error::invalid, anonymous_with(map::shared | map::grows_down)},
      {"droppable that grows", Error::invalid, anonymous_with(map::droppable | map::grows_down)},
      {"droppable and locked", Error::invalid, anonymous_with(map::droppable | map::locked)},
      {"droppable huge pages", Error::invalid, anonymous_with(map::droppable | map::huge_tlb)},
      {"no file", Error::bad_file, [](Bad& b) { return b.map(b.request(map::private_)); }},
      {"no file before length 0", Error::bad_file,
       [](Bad& b) {
         auto request = b.request(map::private_);
         request.length = 0;
         return b.map(request);
       }},
      {"a file without a type", Error::invalid, file_with({})},
      {"a droppable file", Error::invalid, file_with(map::droppable)},
      {"a file that grows", Error::invalid, file_with(map::private_ | map::grows_down)},
      {"bits that the file does not know", Error::not_supported,
       file_with(map::shared_validate | MapFlags{0x400})},
      {"sync that the file does not know", Error::not_supported,
       file_with(map::shared_validate | map::sync)},
      {"noreplace is no legacy flag", Error::not_supported,
       [](Bad& b) {
         auto request = b.file_request(map::shared_validate | map::fixed_noreplace);
         request.address = b.at(5);
         return b.map(request);
       }},
  });
}

TEST(BadInput, munmap_refuses_bad_ranges) {
  const auto unmap = [](auto start, auto length) {
    return [start, length](Bad& b) { return b.space.munmap(start(b), length(b)).code(); };
  };
  const auto first = [](Bad& b) { return b.at(0); };
  const auto one_page = [](Bad& b) { return b.page; };
  expect_refused({
      {"misaligned", Error::invalid, unmap([](Bad& b) { return b.at(0) + 1; }, one_page)},
      {"length 0", Error::invalid, unmap(first, [](Bad&) { return 0ull; })},
      {"length that rounds to 0", Error::invalid, unmap(first, [](Bad&) { return all_ones; })},
      {"start past the limit", Error::invalid,
       unmap([](Bad& b) { return b.limit + b.page; }, one_page)},
      {"past the limit", Error::invalid,
       unmap([](Bad& b) { return b.limit - b.page; }, [](Bad& b) { return b.page + 1; })},
      {"wraps", Error::invalid,
       unmap([](Bad& b) { return 0 - b.page; }, [](Bad& b) { return 2 * b.page; })},
      {"sealed memory", Error::not_permitted, unmap([](Bad& b) { return b.at(20); }, one_page)},
      {"nothing there", Error::none, unmap([](Bad& b) { return b.at(4); }, one_page)},
      {"nothing below the limit", Error::none,
       unmap([](Bad& b) { return b.limit - b.page; }, one_page)},
  });
}

TEST(BadInput, mprotect_refuses_bad_ranges_and_protections) {
  const auto protect = [](auto start, auto length, Protection protection) {
    return [=](Bad& b) { return b.space.mprotect(start(b), length(b), protection).code(); };
  };
  const auto first = [](Bad& b) { return b.at(0); };
  const auto hole = [](Bad& b) { return b.at(4); };
  const auto one_page = [](Bad& b) { return b.page; };
  const auto zero = [](Bad&) { return 0ull; };
  const auto ones = [](Bad&) { return all_ones; };
  const auto misaligned = [](Bad& b) { return b.at(0) + b.page / 2; };
  const Protection unknown{0x40};
  expect_refused({
      {"misaligned", Error::invalid, protect(misaligned, one_page, prot::read)},
      {"misaligned before length 0", Error::invalid, protect(misaligned, zero, prot::read)},
      {"length 0", Error::none, protect(first, zero, prot::read)},
      {"length 0 before unknown bits", Error::none, protect(first, zero, unknown)},
      {"length that rounds to 0", Error::no_memory, protect(first, ones, prot::read)},
      {"length that rounds to 0 before unknown bits", Error::no_memory,
       protect(first, ones, unknown)},
      {"wraps", Error::no_memory,
       protect(
           first, [](Bad& b) { return 0 - b.page; }, prot::read)},
      {"unknown bits", Error::invalid, protect(first, one_page, unknown)},
      {"unknown bits before a hole", Error::invalid, protect(hole, one_page, unknown)},
      {"a hole", Error::no_memory, protect(hole, one_page, prot::read)},
      {"past the limit", Error::no_memory,
       protect([](Bad& b) { return b.limit; }, one_page, prot::read)},
      {"both ways of growing", Error::invalid,
       protect(first, one_page, prot::grows_down | prot::grows_up)},
      {"grows down, no stack", Error::invalid,
       protect(first, one_page, prot::read | prot::grows_down)},
      {"grows up", Error::invalid, protect(first, one_page, prot::read | prot::grows_up)},
      {"grows down, only above", Error::no_memory,
       protect(hole, one_page, prot::read | prot::grows_down)},
      {"sealed memory", Error::not_permitted,
       protect([](Bad& b) { return b.at(20); }, one_page, prot::read)},
      {"sealed memory, no change", Error::not_permitted,
       protect([](Bad& b) { return b.at(20); }, one_page, rw)},
  });
}

}  // namespace
}  // namespace vmarea::test
