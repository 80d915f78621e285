// SPDX-License-Identifier: MIT
//
// The address space of a host, compiled once for a program instead of in every unit that makes a
// call. Not part of the header that includes everything, for most programs need no such thing.
//
//   guest.hpp   VMAREA_EXTERN_SPACE(Guest)     behind the host: units only declare it
//   guest.cpp   VMAREA_COMPILED_SPACE(Guest)   the one unit that compiles it
//
// A call of a host's own is still compiled where it is made. Both macros stand outside of all
// namespaces, and the host's name is written with its own.
#pragma once

#include "vmarea/address_space.hpp"

#define VMAREA_EXTERN_SPACE(...)                  \
  VMAREA_EACH_SPACE_TEMPLATE(extern, __VA_ARGS__) \
  VMAREA_EACH_CHANGE_TEMPLATE(extern, __VA_ARGS__)

#define VMAREA_COMPILED_SPACE(...)          \
  VMAREA_EACH_SPACE_TEMPLATE(, __VA_ARGS__) \
  VMAREA_EACH_CHANGE_TEMPLATE(, __VA_ARGS__)

// What follows is for the macros above. Names with commas in them come as several arguments.
#define VMAREA_EACH_SPACE_TEMPLATE(linkage, ...)                                               \
  linkage template class vmarea::PlannedCalls<__VA_ARGS__, vmarea::MakesChanges<__VA_ARGS__>>; \
  linkage template class vmarea::MemoryCalls<__VA_ARGS__>;                                     \
  linkage template class vmarea::AddressSpace<__VA_ARGS__>;

#define VMAREA_EACH_CHANGE_TEMPLATE(linkage, ...)                                      \
  linkage template void vmarea::clear_locked<__VA_ARGS__>(                             \
      vmarea::SpaceState<__VA_ARGS__>&) noexcept;                                      \
  linkage template void vmarea::give_back<__VA_ARGS__>(                                \
      vmarea::SpaceState<__VA_ARGS__>&, vmarea::Reservation<__VA_ARGS__>&) noexcept;   \
  linkage template vmarea::Result<void> vmarea::touch_sequel<__VA_ARGS__>(             \
      vmarea::SpaceState<__VA_ARGS__>&, const vmarea::Sequel&) noexcept;               \
  linkage template class vmarea::Change<__VA_ARGS__, vmarea::MremapPlan<__VA_ARGS__>>; \
  VMAREA_STEP_TEMPLATE(linkage, void, __VA_ARGS__)                                     \
  VMAREA_STEP_TEMPLATE(linkage, vmarea::Address, __VA_ARGS__)                          \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::AdviseRule, __VA_ARGS__)                       \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::DetachRule, __VA_ARGS__)                       \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::HomeNodeRule, __VA_ARGS__)                     \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::MlockallRule, __VA_ARGS__)                     \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::MlockRule, __VA_ARGS__)                        \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::ModifyRule, __VA_ARGS__)                       \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::NameRule, __VA_ARGS__)                         \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::PolicyRule, __VA_ARGS__)                       \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::ProtectRule, __VA_ARGS__)                      \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::SamePageRule, __VA_ARGS__)                     \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::SealRule, __VA_ARGS__)                         \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::UnwatchRule, __VA_ARGS__)                      \
  VMAREA_WALK_TEMPLATE(linkage, vmarea::WatchRule, __VA_ARGS__)

#define VMAREA_STEP_TEMPLATE(linkage, Value, ...) \
  linkage template class vmarea::Change<__VA_ARGS__, vmarea::StepPlan<__VA_ARGS__, Value>>;

#define VMAREA_WALK_TEMPLATE(linkage, Rule, ...)     \
  linkage template class vmarea::Change<__VA_ARGS__, \
                                        vmarea::WalkPlan<__VA_ARGS__, Rule<__VA_ARGS__>>>;
