// SPDX-License-Identifier: MIT
//
// Sets of flags in words.
#include <string>

#include <gtest/gtest.h>
#include <vmarea/string.hpp>

namespace vmarea {
namespace {

TEST(TextOfFlags, has_the_letters_of_smaps_in_the_order_of_the_bits) {
  EXPECT_EQ(to_string(flag::account | flag::read | flag::may_write), "rd mw ac");
  EXPECT_EQ(to_string(flag::sealed | flag::droppable), "dp sl");
  EXPECT_EQ(to_string(Flags{}), "none");
}

TEST(TextOfFlags, shows_what_has_no_letters_by_its_number) {
  EXPECT_EQ(to_string(flag::execute_only | flag::bit(63)), "#32 #63");
}

TEST(TextOfFlags, every_bit_has_a_text_of_its_own) {
  std::string all;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (bit > 0) all += ' ';
    all += to_string(flag::bit(bit));
  }
  EXPECT_EQ(to_string(Flags(~std::uint64_t{0})), all);
}

TEST(TextOfAccess, is_that_of_maps) {
  EXPECT_EQ(to_string(AccessText{}), "---p");
  EXPECT_EQ(to_string(AccessText{flag::access}), "rwxp");
  EXPECT_EQ(to_string(AccessText{flag::read | flag::may_share}), "r--s");
}

TEST(TextOfProtection, is_three_letters_and_what_is_seldom_used) {
  EXPECT_EQ(to_string(prot::none), "---");
  EXPECT_EQ(to_string(prot::read | prot::exec), "r-x");
  EXPECT_EQ(to_string(prot::write | prot::grows_down), "-w-|grows_down");
  EXPECT_EQ(to_string(prot::semaphore | Protection(0x40)), "---|semaphore|0x40");
}

TEST(TextOfMapFlags, names_what_is_known_and_shows_the_rest_as_a_number) {
  EXPECT_EQ(to_string(map::private_ | map::anonymous | map::fixed), "private|fixed|anonymous");
  EXPECT_EQ(to_string(map::shared_validate | map::sync), "shared_validate|sync");
  EXPECT_EQ(to_string(map::shared), "shared");
  EXPECT_EQ(to_string(map::droppable), "droppable");
  EXPECT_EQ(to_string(MapFlags(0x8000'0000)), "0x80000000");
  EXPECT_EQ(to_string(MapFlags{}), "none");
}

TEST(TextOfCallFlags, has_the_names_of_the_code) {
  EXPECT_EQ(to_string(remap::all), "may_move|fixed|dont_unmap");
  EXPECT_EQ(to_string(uffd::all), "missing|protect|minor");
  EXPECT_EQ(to_string(mlock::on_fault | MlockFlags(2)), "on_fault|0x2");
  EXPECT_EQ(to_string(mlockall::all), "current|future|on_fault");
  EXPECT_EQ(to_string(ms::all), "async|invalidate|sync");
  EXPECT_EQ(to_string(write_exec::no_inherit | write_exec::refuse_exec_gain),
            "refuse_exec_gain|no_inherit");
  EXPECT_EQ(to_string(SealFlags{}), "none");
  EXPECT_EQ(to_string(SealFlags{0x11}), "0x11") << "of no flag that is known";
}

}  // namespace
}  // namespace vmarea
