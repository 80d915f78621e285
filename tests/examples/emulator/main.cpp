// SPDX-License-Identifier: MIT
//
// Runs random calls, loads and stores of a guest, with a host that fails now and then, and compares
// with the plainest memory there is: a byte and a protection for each page of the guest.
#include <array>
#include <cstdio>
#include <random>

#include "guest_memory.hpp"

using namespace emulator;
using namespace vmarea;

namespace {

struct PlainPage {
  bool mapped = false;
  Protection protection{};
  unsigned char value = 0;  // Of all bytes that the guest looks at.
};
constexpr std::uint64_t page_count = guest_bytes / guest_page;

class Comparison {
 public:
  void make_one() {
    const std::uint64_t first = 4 + below(page_count - 4 - 8);
    const std::uint64_t count = 1 + below(8);
    switch (below(5)) {
      case 0:
        return map(first, count);
      case 1:
        if (memory_.munmap(first * guest_page, count * guest_page)) fill(first, count, {});
        return;
      case 2:
        return protect(first, count);
      case 3:
        return move(first, count);
      default:
        return store(first);
    }
  }
  bool same() const {
    for (std::uint64_t page = 0; page < page_count; ++page) {
      unsigned char value = 0;
      const bool may = pages_[page].mapped && pages_[page].protection.has_any(prot::read);
      if (memory_.load(page * guest_page + 5, value) != may) return false;
      if (may && value != pages_[page].value) return false;
    }
    return memory_.host_agrees();
  }
  std::uint64_t failures() const { return failures_; }

 private:
  std::uint64_t below(std::uint64_t count) { return random_() % count; }
  bool host_fails() {
    const bool fails = below(100) == 0;
    failures_ += fails ? 1 : 0;
    return fails;
  }
  Protection any_protection() {
    constexpr std::array all{prot::none, prot::read, prot::read | prot::write,
                             prot::read | prot::exec};
    return all[below(all.size())];
  }
  void fill(std::uint64_t first, std::uint64_t count, const PlainPage& with) {
    for (std::uint64_t page = first; page < first + count; ++page) pages_[page] = with;
  }

  void map(std::uint64_t first, std::uint64_t count) {
    const Protection protection = any_protection();
    const bool fixed = below(2) == 0;
    const Result<Address> at =
        memory_.mmap({.address = fixed ? first * guest_page : 0,
                      .length = count * guest_page,
                      .protection = protection,
                      .flags = map::private_ | map::anonymous | (fixed ? map::fixed : MapFlags{})});
    if (at) fill(*at / guest_page, count, {true, protection, 0});
  }
  void protect(std::uint64_t first, std::uint64_t count) {
    const Protection protection = any_protection();
    if (!memory_.mprotect(first * guest_page, count * guest_page, protection)) return;
    for (std::uint64_t page = first; page < first + count; ++page) {
      pages_[page].protection = protection;
    }
  }
  void move(std::uint64_t first, std::uint64_t count) {
    const Area<Guest>* area = memory_.space().find(first * guest_page);
    if (area == nullptr) return;
    const std::uint64_t left = area->end / guest_page - first;
    const std::uint64_t moved = count < left ? count : left;
    const bool keeps_source = moved == count && below(3) == 0;
    const RemapFlags keeps = keeps_source ? remap::dont_unmap : RemapFlags{};
    const Result<Address> at =
        memory_.mremap({.address = first * guest_page,
                        .old_length = moved * guest_page,
                        .new_length = count * guest_page,
                        .flags = remap::may_move | remap::fixed | keeps,
                        .new_address = (4 + below(page_count - 12)) * guest_page});
    if (!at) return;
    const auto before = pages_;
    fill(first, moved, {keeps_source, before[first].protection, 0});
    fill(*at / guest_page, count, {true, before[first].protection, 0});
    for (std::uint64_t page = 0; page < moved; ++page) {
      pages_[*at / guest_page + page] = before[first + page];
    }
  }
  void store(std::uint64_t page) {
    const auto value = static_cast<unsigned char>(below(256));
    if (memory_.store(page * guest_page + 5, value)) pages_[page].value = value;
  }

  std::mt19937_64 random_{1};
  std::uint64_t failures_ = 0;
  GuestMemory memory_{[this] { return host_fails(); }};
  std::array<PlainPage, page_count> pages_{};
};

}  // namespace

int main() {
  constexpr unsigned calls = 100'000;
  Comparison comparison;
  for (unsigned call = 1; call <= calls; ++call) {
    comparison.make_one();
    if (call % 20 == 0 && !comparison.same()) {
      std::printf("the guest's memory is wrong after call %u\n", call);
      return 1;
    }
  }
  std::printf("%u calls, %llu failures of the host: memory and protection are as they must be\n",
              calls, static_cast<unsigned long long>(comparison.failures()));
  return 0;
}
