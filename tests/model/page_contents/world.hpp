// SPDX-License-Identifier: MIT
//
// A family of spaces and what each should hold. A step is made on one of them; then every space is
// compared with its reference, and every page is looked for as a reverse-map walk would.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/page_contents/reference.hpp"
#include "model/page_contents/step.hpp"
#include "support/test_services.hpp"

namespace vmarea::test::page_contents {

struct Settings {
  KernelProfile profile = linux_6_18;
  std::uint64_t area_count_max = 65530;

  static Settings of(std::uint64_t seed) {
    Settings made{.profile = seed % 4 == 3 ? linux_6_12 : linux_6_18};
    if (seed % 3 == 2) made.profile.partial_effects = PartialEffects::all_or_nothing;
    made.profile.reads_share_zero_page = seed % 2 == 0;
    if (seed % 5 == 4) made.area_count_max = 14;
    return made;
  }
};

class World {
 public:
  /// Column 0 lies some pages below the end of a table of every level but the top.
  static constexpr Page first_page = (Page{1} << 27) - 16;

  explicit World(const Settings& settings);

  /// What is wrong after the step; empty: nothing.
  std::string take(const Step& step);
  /// Whether the call of the last step succeeded.
  bool succeeded() const { return succeeded_; }

 private:
  struct Space {
    std::unique_ptr<AddressSpace<TestServices>> space;
    Pages expected;
  };
  /// What a page is known by, as long as it lives.
  struct Origin {
    AnonIdentity identity;
    std::uint64_t identity_index = 0;
    TestServices::FileHandle file{};
    std::uint64_t file_index = 0;
  };
  using Calls = AddressSpace<TestServices>;

  static Address address(Page page) { return page << 12; }
  static Span span(std::uint64_t column, std::uint64_t count) {
    return {first_page + column, first_page + column + count};
  }

  // These make a call and change what is expected; the answer: whether it succeeded.
  bool make(const Step& step, Space& at);
  bool map(const Step& step, Space& at);
  bool remap(const Step& step, Space& at);
  bool relocate(const Step& step, Space& at);
  bool grow_stack(const Step& step, Space& at);
  bool advise(const Step& step, Space& at);
  bool lock(const Step& step, Space& at);
  bool touch(const Step& step, Space& at);
  bool fork(Space& at);
  void know_again(Token token);
  void settle(Space& at, const Result<Address>& answer, const MremapRequest& request);

  static Pages pages_of(const Calls& space);
  /// New pages may have come in `populated`.
  void compare(Space& each, Span populated);
  void check_reverse_map();
  void check_walk(const Space& each, Page page, Token token);
  void fail(std::string what) {
    if (wrong_.empty()) wrong_ = std::move(what);
  }

  TestState host_;
  TestFile* file_ = host_.make_file();
  TestFile* unsplittable_;
  TestFile* refused_;
  std::vector<Space> spaces_;
  std::map<Token, Origin> origins_;
  std::vector<std::uint64_t> identities_;  // Those that some area is linked to.
  Token last_token_ = 0;                   // Before the step.
  Span populated_{};                       // Where the step may have touched pages.
  bool succeeded_ = false;
  std::string wrong_;
};

}  // namespace vmarea::test::page_contents
