// SPDX-License-Identifier: MIT
//
// pkey_mprotect, as far as no key is ever allocated (rules 29-mprotect_pkey).
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

TEST(PkeyMprotect, without_a_key_is_mprotect) {
  Stage stage("AAAA.");
  EXPECT_TRUE(stage.pkey_mprotect(columns(1, 3), prot::read, no_key));
  EXPECT_EQ(stage.picture(), "ABBA.");
  EXPECT_EQ(stage.pkey_mprotect(columns(3, 5), prot::read, no_key), Error::no_memory);
  stage.host().profile.has_protection_keys = true;
  EXPECT_TRUE(stage.pkey_mprotect(columns(0, 1), prot::exec, no_key));
  EXPECT_TRUE(stage.area(0)->flags.has_any(flag::execute_only));
}

TEST(PkeyMprotect, every_key_is_refused_where_the_processor_has_none) {
  Stage stage("AA.");
  AddressSpace<TestServices>& space = stage.space();
  for (const ProtectionKey key : {0, 1, 15, 16, -2}) {
    SCOPED_TRACE(key);
    EXPECT_EQ(stage.pkey_mprotect(columns(0, 1), prot::read, key), Error::invalid);
    EXPECT_EQ(stage.pkey_mprotect(columns(2, 3), prot::read, key), Error::invalid) << "a hole";
    EXPECT_EQ(space.pkey_mprotect(columns(0, 1), Protection{0x10}, key), Error::invalid);
    EXPECT_TRUE(stage.pkey_mprotect(columns(0, 0), prot::read, key)) << "of nothing";
    EXPECT_EQ(space.pkey_mprotect(columns(0, 0).start, ~std::uint64_t{0}, prot::read, key),
              Error::no_memory)
        << "the end comes first";
    EXPECT_EQ(space.pkey_mprotect(columns(1, 0), prot::read, key), Error::invalid);
  }
  EXPECT_EQ(stage.picture(), "AA.");
}

TEST(PkeyMprotect, default_key_hides_nothing) {
  Stage stage("AAA");
  stage.host().profile.has_protection_keys = true;
  EXPECT_TRUE(stage.mprotect(columns(0, 2), prot::exec));
  EXPECT_TRUE(stage.pkey_mprotect(columns(1, 2), prot::exec, 0));
  EXPECT_TRUE(stage.area(0)->flags.has_any(flag::execute_only));
  EXPECT_FALSE(stage.area(1)->flags.has_any(flag::execute_only));
  EXPECT_TRUE(stage.space().covers(columns(1, 2), prot::read));
  EXPECT_EQ(stage.pkey_mprotect(columns(1, 2), prot::exec, 1), Error::invalid) << "not allocated";
}

}  // namespace
}  // namespace vmarea::test
