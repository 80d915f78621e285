// SPDX-License-Identifier: MIT
//
// A host derives from a ready one and writes what differs. It says which services it means to
// replace, so that one whose name is misspelt does not compile instead of never being called:
//
//   struct Mine : Replacing<UserlandOf<Mine>, Service::charge, Service::uncharge> {
//     Result<void> charge(PageCount pages) noexcept;
//     void uncharge(PageCount pages) noexcept;
//   };
//
// Replacing<> takes the base's function away. Where the host does not write it anew, the concept of
// its group is not satisfied, and the first line of the compiler's complaint names it.
#pragma once

#include "vmarea/host/services.hpp"

namespace vmarea {

/// The functions of a host, as services.hpp lists them.
enum class Service : unsigned char {
  allocate_area,
  release_area,
  retire_area,
  may_join,
  split_data,
  join_data,
  make_tree,
  lock_space,
  unlock_space,
  lock_space_shared,
  unlock_space_shared,
  assert_space_locked,
  begin_area_write,
  attach_area,
  detach_area,
  lock_file_mapping,
  unlock_file_mapping,
  lock_identity,
  unlock_identity,
  begin_read_section,
  end_read_section,
  begin_area_read,
  end_area_read,
  begin_lock_all,
  end_lock_all,
  signal_pending,
  mark_file_mapping,
  unmark_file_mapping,
  mark_identity,
  unmark_identity,
  reserve_links,
  reserve_identity,
  reserve_fork,
  unreserve_links,
  new_identity,
  clone_links,
  fork_links,
  leave_trees,
  enter_trees,
  unlink,
  unmap_pages,
  free_tables,
  reserve_page_move,
  move_pages,
  protect_pages,
  reserve_page,
  install_page,
  unreserve_pages,
  copy_pages,
  file_rules,
  prepare_mapping,
  make_shared_memory,
  make_huge_memory,
  retain_file,
  release_file,
  intern_attributes,
  begin_interning,
  end_interning,
  retain_attributes,
  release_attributes,
  userfault_rules,
  reserve_unmap_event,
  reserve_remap_event,
  reserve_fork_event,
  send_events,
  unreserve_events,
  geometry,
  profile,
  limits,
  charge,
  uncharge,
  notify,
  assertion_failed,
};

/// A Base without one service.
template <class Base, Service Which>
struct Without;

// Every service of services.hpp, once. A macro, because a name cannot be a parameter.
#define VMAREA_SERVICE(name)                           \
  template <class Base>                                \
  struct Without<Base, Service::name> : Base {         \
    using Base::Base;                                  \
    template <class... Arguments>                      \
    void name(Arguments&&...) const noexcept = delete; \
  };

VMAREA_SERVICE(allocate_area)
VMAREA_SERVICE(release_area)
VMAREA_SERVICE(retire_area)
VMAREA_SERVICE(may_join)
VMAREA_SERVICE(split_data)
VMAREA_SERVICE(join_data)
VMAREA_SERVICE(make_tree)
VMAREA_SERVICE(lock_space)
VMAREA_SERVICE(unlock_space)
VMAREA_SERVICE(lock_space_shared)
VMAREA_SERVICE(unlock_space_shared)
VMAREA_SERVICE(assert_space_locked)
VMAREA_SERVICE(begin_area_write)
VMAREA_SERVICE(attach_area)
VMAREA_SERVICE(detach_area)
VMAREA_SERVICE(lock_file_mapping)
VMAREA_SERVICE(unlock_file_mapping)
VMAREA_SERVICE(lock_identity)
VMAREA_SERVICE(unlock_identity)
VMAREA_SERVICE(begin_read_section)
VMAREA_SERVICE(end_read_section)
VMAREA_SERVICE(begin_area_read)
VMAREA_SERVICE(end_area_read)
VMAREA_SERVICE(begin_lock_all)
VMAREA_SERVICE(end_lock_all)
VMAREA_SERVICE(signal_pending)
VMAREA_SERVICE(mark_file_mapping)
VMAREA_SERVICE(unmark_file_mapping)
VMAREA_SERVICE(mark_identity)
VMAREA_SERVICE(unmark_identity)
VMAREA_SERVICE(reserve_links)
VMAREA_SERVICE(reserve_identity)
VMAREA_SERVICE(reserve_fork)
VMAREA_SERVICE(unreserve_links)
VMAREA_SERVICE(new_identity)
VMAREA_SERVICE(clone_links)
VMAREA_SERVICE(fork_links)
VMAREA_SERVICE(leave_trees)
VMAREA_SERVICE(enter_trees)
VMAREA_SERVICE(unlink)
VMAREA_SERVICE(unmap_pages)
VMAREA_SERVICE(free_tables)
VMAREA_SERVICE(reserve_page_move)
VMAREA_SERVICE(move_pages)
VMAREA_SERVICE(protect_pages)
VMAREA_SERVICE(reserve_page)
VMAREA_SERVICE(install_page)
VMAREA_SERVICE(unreserve_pages)
VMAREA_SERVICE(copy_pages)
VMAREA_SERVICE(file_rules)
VMAREA_SERVICE(prepare_mapping)
VMAREA_SERVICE(make_shared_memory)
VMAREA_SERVICE(make_huge_memory)
VMAREA_SERVICE(retain_file)
VMAREA_SERVICE(release_file)
VMAREA_SERVICE(intern_attributes)
VMAREA_SERVICE(begin_interning)
VMAREA_SERVICE(end_interning)
VMAREA_SERVICE(retain_attributes)
VMAREA_SERVICE(release_attributes)
VMAREA_SERVICE(userfault_rules)
VMAREA_SERVICE(reserve_unmap_event)
VMAREA_SERVICE(reserve_remap_event)
VMAREA_SERVICE(reserve_fork_event)
VMAREA_SERVICE(send_events)
VMAREA_SERVICE(unreserve_events)
VMAREA_SERVICE(geometry)
VMAREA_SERVICE(profile)
VMAREA_SERVICE(limits)
VMAREA_SERVICE(charge)
VMAREA_SERVICE(uncharge)
VMAREA_SERVICE(notify)
VMAREA_SERVICE(assertion_failed)

#undef VMAREA_SERVICE

template <class Base, Service... Which>
struct ReplacingChain : Base {
  using Base::Base;
};
template <class Base, Service First, Service... Rest>
struct ReplacingChain<Base, First, Rest...> : ReplacingChain<Without<Base, First>, Rest...> {
  using ReplacingChain<Without<Base, First>, Rest...>::ReplacingChain;
};

/// A Base whose named services the host below writes anew.
template <class Base, Service... Which>
struct Replacing : ReplacingChain<Base, Which...> {
  using ReplacingChain<Base, Which...>::ReplacingChain;
};

}  // namespace vmarea
