// SPDX-License-Identifier: MIT
//
// What the calls that change attributes say to ranges that are misaligned, empty, wrapping, beyond
// the address space or not mapped: the errno of the specification, and nothing changes.
#include "unit/bad_input.hpp"

namespace vmarea::test {
namespace {

TEST(BadInput, userfaultfd_refuses_ranges) {
  const auto both = [](auto call) {
    const auto ask = [call](Bad& b, bool registers) {
      const Range range = call(b);
      const std::uint64_t length = range.end - range.start;
      return registers ? b.space.register_userfault({range.start, length, 1, uffd::missing}).code()
                       : b.space.unregister_userfault(range.start, length, 1).code();
    };
    return [ask](Bad& b) {
      const Error first = ask(b, true);
      return first == ask(b, false) ? first : Error::none;
    };
  };
  expect_refused({
      {"misaligned", Error::invalid, both([](Bad& b) {
         return Range{b.at(0) + 1, b.at(1) + 1};
       })},
      {"misaligned length", Error::invalid, both([](Bad& b) {
         return Range{b.at(0), b.at(1) - 1};
       })},
      {"length 0", Error::invalid, both([](Bad& b) {
         return Range{b.at(0), b.at(0)};
       })},
      {"at the limit", Error::invalid, both([](Bad& b) {
         return Range{b.limit, b.limit + b.page};
       })},
      {"past the limit", Error::invalid, both([](Bad& b) {
         return Range{b.limit - b.page, b.limit + b.page};
       })},
      {"the last page of all", Error::invalid, both([](Bad& b) {
         return Range{0 - b.page, 0};
       })},
      {"wraps", Error::invalid, both([](Bad& b) {
         return Range{b.at(0), b.at(0) - b.page};
       })},
      {"nothing there", Error::invalid, both([](Bad& b) {
         return Range{b.at(4), b.at(8)};
       })},
      {"nothing above", Error::invalid, both([](Bad& b) {
         return Range{b.at(24), b.at(30)};
       })},
  });
}

TEST(BadInput, policies_and_names_refuse_ranges) {
  using Call = Error (*)(Bad&, Address, std::uint64_t);
  struct Named {
    const char* name;
    Call call;
    Error hole;
  };
  static constexpr HomeNode home{
      [](MemoryPolicy policy, std::uint64_t) noexcept -> Result<MemoryPolicy> { return policy; },
      0};
  const Named calls[] = {
      {"mbind", [](Bad& b, Address at, std::uint64_t n) { return b.space.mbind(at, n, 1).code(); },
       Error::bad_address},
      {"mbind of the default",
       [](Bad& b, Address at, std::uint64_t n) { return b.space.mbind(at, n, 0).code(); },
       Error::bad_address},
      {"home node",
       [](Bad& b, Address at, std::uint64_t n) {
         return b.space.set_home_node(at, n, home).code();
       },
       Error::no_entry},
      {"name",
       [](Bad& b, Address at, std::uint64_t n) { return b.space.set_name(at, n, 1).code(); },
       Error::no_memory},
  };
  for (const Named& c : calls) {
    SCOPED_TRACE(c.name);
    const auto at = [&c](auto range) {
      return [call = c.call, range](Bad& b) {
        const Range asked = range(b);
        return call(b, asked.start, asked.end - asked.start);
      };
    };
    expect_refused({
        {"misaligned", Error::invalid, at([](Bad& b) {
           return Range{b.at(0) + 1, b.at(2)};
         })},
        {"length 0", Error::none, at([](Bad& b) {
           return Range{b.at(0), b.at(0)};
         })},
        {"wraps", Error::invalid, at([](Bad& b) {
           return Range{b.at(0), b.at(0) - b.page};
         })},
        {"a hole", c.hole, at([](Bad& b) {
           return Range{b.at(4), b.at(8)};
         })},
        {"past the limit", c.hole, at([](Bad& b) {
           return Range{b.limit, b.limit + b.page};
         })},
    });
  }
}

}  // namespace
}  // namespace vmarea::test
