// SPDX-License-Identifier: MIT
//
// A host belongs to one machine: units for different ones that make spaces of it end the program.
#include <string>

#include <gtest/gtest.h>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

/// Hosts of this test alone; nothing but their types counts.
struct Asked {};
struct OfTwoMachines {};

TEST(OneMachine, of_a_host_may_be_asked_for_again) {
  EXPECT_TRUE(shims::OneMachine<Asked>::check());
  EXPECT_STREQ(shims::machine_of_host<Asked>, shims::maple::machine_name);
  EXPECT_TRUE(shims::OneMachine<Asked>::check());
}

TEST(OneMachineDeathTest, another_one_ends_the_program_with_both_names) {
  EXPECT_DEATH(
      {
        shims::machine_of_host<OfTwoMachines> = "another";
        shims::OneMachine<OfTwoMachines>::check();
      },
      std::string("compiled for another and for ") + shims::maple::machine_name +
          ": it belongs into an inline namespace VMAREA_MACHINE");
}

}  // namespace
}  // namespace vmarea::test
