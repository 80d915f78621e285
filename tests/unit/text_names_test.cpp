// SPDX-License-Identifier: MIT
//
// Every enumerator has a name, no two have the same, and other numbers have none.
#include <cstring>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <vmarea/string.hpp>

namespace vmarea {
namespace {

/// Of an enumeration whose values are 0 up to `last`.
template <class T>
void expect_names(T last) {
  std::set<std::string> names;
  const auto count = static_cast<unsigned>(last) + 1;
  for (unsigned number = 0; number < count; ++number) {
    const T value = static_cast<T>(number);
    ASSERT_NE(name(value), nullptr) << number;
    EXPECT_TRUE(names.insert(name(value)).second) << name(value);
    EXPECT_EQ(to_string(value), name(value));
  }
  EXPECT_EQ(name(static_cast<T>(count)), nullptr) << "an enumerator was added";
  EXPECT_EQ(to_string(static_cast<T>(count)), std::to_string(count));
}

TEST(Names, every_enumerator_has_its_own) {
  expect_names(Event::forked);
  expect_names(Placement::own);
  expect_names(Storage::anonymous_memory);
  expect_names(Middle::part_of_area);
  expect_names(StepKind::set_write_exec);
  expect_names(HostCallKind::drop);
  expect_names(Touch::forced_write);
  expect_names(JoinableSides::neither);
  expect_names(Sequel::Kind::move_rest);
  expect_names(Beat::ended);
  expect_names(MlockMode::lock_on_fault);
  expect_names(SamePageMerging::on);
  expect_names(LoaderMemory::code);
  expect_names(GrowthBy::lookup);
  expect_names(NewPart::above);
  expect_names(CountLimit::ignored);
  expect_names(AccessFault::access_denied);
}

TEST(Names, known_advice_has_one_and_no_other_number) {
  std::set<std::string> names;
  for (int number = -1; number < 200; ++number) {
    const auto advice = static_cast<Advice>(number);
    if (name(advice) != nullptr) {
      EXPECT_TRUE(names.insert(name(advice)).second) << number;
    }
    EXPECT_EQ(name(advice) != nullptr, is_known_advice(linux_6_18, advice)) << number;
  }
  EXPECT_STREQ(name(Advice::guard_install), "guard_install");
  EXPECT_EQ(names.size(), 25u);
}

TEST(Names, errors_are_spelled_as_the_system_spells_them) {
  unsigned named = 0;
  for (int number = 1; number < 200; ++number) {
    const char* const ours = name(static_cast<Error>(number));
    if (ours == nullptr) continue;
    ++named;
    EXPECT_STREQ(ours, strerrorname_np(number)) << number;
  }
  EXPECT_EQ(named, 40u);
  EXPECT_EQ(name(static_cast<Error>(-1)), nullptr);
}

TEST(Names, every_error_has_a_name_and_a_sentence) {
  using enum Error;
  std::set<std::string> sentences;
  for (const Error error : {none, not_permitted, no_entry, interrupted, bad_file, try_again,
                            no_memory, access_denied, bad_address, busy, exists, no_device, invalid,
                            file_busy, no_space, overflow, not_implemented, not_supported}) {
    ASSERT_NE(name(error), nullptr);
    ASSERT_NE(describe(error), nullptr) << name(error);
    EXPECT_TRUE(sentences.insert(describe(error)).second) << describe(error);
  }
  EXPECT_EQ(to_string(invalid), "EINVAL (invalid argument)");
  EXPECT_EQ(to_string(static_cast<Error>(5)), "EIO");
  EXPECT_EQ(to_string(static_cast<Error>(133)), "errno 133");
}

TEST(Names, a_result_is_its_value_or_its_error) {
  EXPECT_EQ(to_string(Result<Address>(Address{0x7fff'0000})), "0x7fff0000");
  EXPECT_EQ(
      to_string(Result<Address>(Error::busy)),
      "EBUSY (another change is reserved, this one is stale or out of turn, or memory is locked)");
  EXPECT_EQ(to_string(Result<Range>(Range{1, 2})), "1-2");
  EXPECT_EQ(to_string(Result<bool>(true)), "true");
  EXPECT_EQ(to_string(success), "success");
  EXPECT_EQ(to_string(Result<void>(Error::interrupted)),
            "EINTR (interrupted, the lock was refused)");
}

}  // namespace
}  // namespace vmarea
