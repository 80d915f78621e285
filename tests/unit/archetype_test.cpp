// SPDX-License-Identifier: MIT
//
// Everything in the library compiles for a host that has nothing beyond the concept: the calls are
// instantiated here, as are the verbs that no call names.
#include "support/archetype.hpp"

#include <gtest/gtest.h>
#include <vmarea/space/check.hpp>

template class vmarea::AddressSpace<vmarea::test::AbsentArchetype>;
template class vmarea::AddressSpace<vmarea::test::DeclaredArchetype>;

namespace vmarea::test {
namespace {

static_assert(KernelServices<AbsentArchetype>);
static_assert(KernelServices<DeclaredArchetype>);
static_assert(sizeof(Area<AbsentArchetype>) == sizeof(Description<AbsentArchetype>),
              "what is absent takes no byte");

template <class S, class Plan>
void use(SpaceState<S>& space, const Plan& plan) {
  Change<S, Plan> change(space, [&](const SpaceState<S>&) { return plan; });
  change.for_each_step([](const Step<S>&) {});
  (void)change.run([] { return success; });
}

/// The verbs; compiled for the archetypes, never called.
template <class S>
void use_verbs(SpaceState<S>& space, Area<S>& area) {
  (void)check(space);
  if constexpr (S::has_lock_all) (void)AllLocks<S>(space).taken();
  use(space, plan_split(space, area, area.start, NewPart::below));
  use(space, plan_expand(space, area, area.range(), area.page_offset));
  use(space, plan_shrink(space, area, area.range(), area.page_offset));
  use(space, plan_relocate_down(space, area, area.start));
  use(space, plan_modify(space, area, area.range(), Modification{}));
}

template <class S>
void use_face(AddressSpace<S>& space) {
  for (const Area<S>& area : space.areas()) (void)space.find(area.start);
  (void)space.find_at_or_above(0);
  (void)space.find_mutable(0);
}

TEST(Archetype, instantiates_everything) {
  // Their addresses suffice to compile them.
  EXPECT_NE(&use_verbs<AbsentArchetype>, nullptr);
  EXPECT_NE(&use_verbs<DeclaredArchetype>, nullptr);
  EXPECT_NE(&use_face<AbsentArchetype>, nullptr);
  EXPECT_NE(&use_face<DeclaredArchetype>, nullptr);
}

TEST(Archetype, host_without_files_maps_none) {
  EXPECT_FALSE(NoFiles::file_rules(NoFiles::FileHandle::none).mappable);
  Description<AbsentArchetype> wanted;
  EXPECT_EQ(NoFiles::prepare_mapping(NoFiles::FileHandle::none, wanted), Error::no_device);
}

TEST(Archetype, facts_of_an_area_are_its_flags) {
  Area<AbsentArchetype> area;
  area.flags = flag::read | flag::locked;
  EXPECT_EQ(AreaFacts::flags(AreaFacts::of(area)), area.flags);
}

}  // namespace
}  // namespace vmarea::test
