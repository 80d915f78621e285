// SPDX-License-Identifier: MIT
//
// Says in the first line of the compiler's complaint what a host lacks: which type, constant or
// service, and how it is declared. The concepts of services.hpp decide; each has a sentence here,
// below that of what is missing.
#pragma once

#include "vmarea/host/each_service.hpp"
#include "vmarea/host/services.hpp"

namespace vmarea {

/// Whether a ready host, which is told the name of the one that derives from it, was told that.
template <class Host>
inline constexpr bool names_itself = true;
template <class Host>
requires requires {
  typename Host::NamedHost;
}
inline constexpr bool names_itself<Host> = std::same_as<typename Host::NamedHost, Host>;

/// Stops the compiler where a host is not complete. The sentence of a group lists all that it asks
/// for, and so also holds where no finer sentence was read: one of them is missing,
/// misspelt, not const or noexcept, or takes or gives something else.
template <class Host>
struct CompleteHost {
  static_assert(names_itself<Host>,
                "host: a ready host wants the name of the one that derives from it, and was given "
                "another: struct Mine : UserlandOf<Mine>");
  static_assert(std::copyable<Host>,
                "a host is a copyable handle: it keeps pointers, no references and no owners");
  static_assert(sizeof(EachService<Host>) != 0, "its own sentences are read first");
  static_assert(MemoryServices<Host>,
                "host: memory: allocate_area, release_area, retire_area, and AreaData, "
                "which is copied and destroyed without exceptions");
  static_assert(DataServices<Host>,
                "host: own data: may_join, split_data and join_data if and only if has_data_rules");
  static_assert(TreeServices<Host>, "host: tree: Tree<Area>, which is an AreaTree, and make_tree");
  static_assert(LockServices<Host>,
                "host: locks: lock_space, unlock_space, lock_space_shared, unlock_space_shared, "
                "assert_space_locked, begin_area_write, attach_area, detach_area, "
                "lock_file_mapping, unlock_file_mapping, lock_identity, "
                "unlock_identity; an AreaLock is empty without has_area_locks");
  static_assert(LookupServices<Host>,
                "host: lookups, where it has has_lock_free_lookup: begin_read_section, "
                "end_read_section, and a tree that is a LookupTree");
  static_assert(AreaReadServices<Host>,
                "host: area reads, where it has has_area_reads: begin_area_read, end_area_read, "
                "has_area_locks, has_lock_free_lookup");
  static_assert(LockAllServices<Host>,
                "host: lock all, where it has has_lock_all: begin_lock_all, end_lock_all, "
                "signal_pending, mark_file_mapping, unmark_file_mapping, mark_identity, "
                "unmark_identity");
  static_assert(DeclaredTypes<Host>,
                "host: the types ReverseMapEntry, LinkReservation, PageTable, EventReservation");
  static_assert(ReverseMapServices<Host>,
                "host: reverse map, where it has has_reverse_map: reserve_links, reserve_identity, "
                "reserve_fork, unreserve_links, new_identity, clone_links, fork_links, "
                "leave_trees, enter_trees, unlink");
  static_assert(PageServices<Host>,
                "host: pages, where it has has_page_tables: unmap_pages, free_tables, "
                "reserve_page_move, move_pages, protect_pages, reserve_page, install_page, "
                "unreserve_pages, copy_pages");
  static_assert(FileServices<Host>,
                "host: files: file_rules, prepare_mapping, make_shared_memory, make_huge_memory, "
                "retain_file, release_file, and FileHandle, which is compared by ==");
  static_assert(AttributeServices<Host>,
                "host: attributes: intern_attributes, begin_interning, end_interning, "
                "retain_attributes, release_attributes");
  static_assert(UserfaultServices<Host>,
                "host: userfaultfd: userfault_rules; where it has has_userfault_events: "
                "reserve_unmap_event, reserve_remap_event, reserve_fork_event, send_events, "
                "unreserve_events");
  static_assert(LimitServices<Host>, "host: limits: geometry, profile, limits, charge, uncharge");
  static_assert(NotificationServices<Host>, "host: notices: notify if and only if has_notices");
  static_assert(AssertionServices<Host>, "host: promises: checks, assertion_failed");
  using Checked = Host;  // Asking for it makes the compiler read the sentences.
};

}  // namespace vmarea
