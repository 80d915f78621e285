// SPDX-License-Identifier: MIT
//
// The least a user can do with each part: ask the core why two areas would not merge; with the
// shims, map and protect. The language level must come with the target.
#include <cstdio>

#include <vmarea/vmarea.hpp>
#ifdef CONSUMER_HAS_SHIMS
#include <vmarea_shims/userland.hpp>
#endif
#if defined(CONSUMER_WANTS_COMPILED) && !defined(VMAREA_COMPILED_USERLAND)
#error "The target does not say that the calls are compiled."
#endif

#ifdef CONSUMER_HAS_SHIMS
bool uses_shims() {
  vmarea::AddressSpace<vmarea::shims::Userland> space;
  const vmarea::Result<vmarea::Address> at =
      space.mmap({.length = 0x3000, .protection = vmarea::prot::read});
  if (!at || !space.mprotect(*at + 0x1000, 0x1000, vmarea::prot::none)) return false;
  return space.area_count() == 3 && !vmarea::check(space.state());
}
#else
bool uses_shims() {
  return true;
}
#endif

bool uses_core() {
  constexpr vmarea::JoinVerdict verdict =
      vmarea::judge_identities(vmarea::AnonIdentity::of(2), vmarea::AnonIdentity::of(4),
                               vmarea::Middle::new_range, vmarea::FaultedMerge::unless_fork_child);
  std::puts(vmarea::describe(verdict));
  return verdict == vmarea::JoinVerdict::identity;
}

int main() {
  return uses_core() && uses_shims() ? 0 : 1;
}
