// SPDX-License-Identifier: MIT
//
// The reverse map for real: which areas map a page of this file, which may map a page of this
// identity (rules 19, 20).
//
//   struct Host : ReverseMap<Host>, ... {
//     void* allocate_link(std::size_t bytes, std::size_t alignment) noexcept;   null: none left
//     void release_link(void* object, std::size_t bytes, std::size_t alignment) noexcept;
//     static FileMapping& mapping_of(FileHandle file) noexcept;
//   };
//
// Keys are page offsets, so links need no change when an area moves. What is taken out of a tree
// for a change of range comes back with enter_trees(). It does not lock files; identities are
// locked at their root, and those that no area is linked to any more end with that lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include <vmarea/host/services.hpp>
#include <vmarea_shims/reverse_map/identity.hpp>

namespace vmarea::shims {

/// For one thread.
struct NoIdentityLock {
  void lock() noexcept {}
  void unlock() noexcept {}
};

/// The reverse map services of `Host`.
template <class Host, class Lock = NoIdentityLock>
class ReverseMap {
  using AreaType = Area<Host>;
  using IdentityType = Identity<Lock>;
  using LinkType = Link<AreaType, Lock>;

 public:
  static constexpr bool has_reverse_map = true;
  using ReverseMapEntry = shims::ReverseMapEntry<AreaType, Lock>;
  using LinkReservation = shims::LinkReservation<AreaType, Lock>;

  void lock_identity(AnonIdentity identity) noexcept {
    identity_object<Lock>(identity)->root->lock.lock();
  }
  /// Ends the identities that were left without links.
  void unlock_identity(AnonIdentity identity) noexcept {
    IdentityType* root = identity_object<Lock>(identity)->root;
    IdentityType* ending = root->next_ending;
    root->next_ending = nullptr;
    const bool root_ends = root->link_count == 0;
    root->lock.unlock();
    while (ending != nullptr) {
      IdentityType* next = ending->next_ending;
      release(ending);
      ending = next;
    }
    if (root_ends) release(root);
  }

  // The marks of the operation that locks everything.
  template <class File>
  static bool mark_file_mapping(File file) noexcept {
    return !std::exchange(Host::mapping_of(file).marked, true);
  }
  template <class File>
  static bool unmark_file_mapping(File file) noexcept {
    return std::exchange(Host::mapping_of(file).marked, false);
  }
  static bool mark_identity(AnonIdentity identity) noexcept {
    return !std::exchange(identity_object<Lock>(identity)->root->marked, true);
  }
  static bool unmark_identity(AnonIdentity identity) noexcept {
    return std::exchange(identity_object<Lock>(identity)->root->marked, false);
  }

  /// A source that has no links yet gets its first in the same change.
  /// Errors: no_memory; what was taken stays in the reservation.
  Result<void> reserve_links(LinkReservation& taken, const AreaType& source) noexcept {
    const std::uint32_t chain = source.reverse_map.chain_length;
    for (std::uint32_t i = 0; i < (chain == 0 ? 1 : chain); ++i) {
      if (!add_link(taken)) return Error::no_memory;
    }
    return {};
  }
  Result<void> reserve_identity(LinkReservation& taken) noexcept {
    if (!add_link(taken)) return Error::no_memory;
    auto* identity = make<IdentityType>();
    if (identity == nullptr) return Error::no_memory;
    identity->next_ending = taken.identities;
    taken.identities = identity;
    return {};
  }
  Result<void> reserve_fork(LinkReservation& taken, const AreaType& source) noexcept {
    if (source.reverse_map.chain_length == 0) return {};
    const Result<void> copies = reserve_links(taken, source);
    return copies ? reserve_identity(taken) : copies;
  }
  void unreserve_links(LinkReservation& taken) noexcept {
    while (taken.links != nullptr) release(take_link(taken));
    while (taken.identities != nullptr) release(take_identity(taken));
  }

  /// First touch (19.2).
  AnonIdentity new_identity(LinkReservation& taken, AreaType& area) noexcept {
    require<Host>(area.reverse_map.newest == nullptr, "only an untouched area gets a new identity");
    IdentityType* identity = take_identity(taken);
    identity->root = identity->parent = identity;
    identity->children = 1;
    append_links(taken, area, nullptr, identity);
    return made_active(area, identity);
  }

  /// For split, merge and reuse (19.3). Requires: area.identity is the source's already.
  void clone_links(LinkReservation& taken, AreaType& area, const AreaType& source) noexcept {
    require<Host>(area.reverse_map.newest == nullptr, "links are cloned to an area without links");
    append_links(taken, area, source.reverse_map.newest, nullptr);
    made_active(area, identity_object<Lock>(area.identity));
  }

  /// For a child's copy of a parent's area (19.4): the identity the child's area gets.
  AnonIdentity fork_links(LinkReservation& taken, AreaType& area, const AreaType& source) noexcept {
    require<Host>(area.reverse_map.newest == nullptr, "links are cloned to an area without links");
    if (source.reverse_map.newest == nullptr) return {};
    IdentityType* identity = find_adoptable(source);
    if (identity != nullptr) {
      append_links(taken, area, source.reverse_map.newest, nullptr);
      return made_active(area, identity);
    }
    IdentityType* parent = identity_object<Lock>(source.identity);
    identity = take_identity(taken);
    identity->root = parent->root;
    identity->parent = parent;
    ++parent->children;
    append_links(taken, area, source.reverse_map.newest, identity);
    return made_active(area, identity);
  }

  void leave_trees(AreaType& area) noexcept {
    ReverseMapEntry& entry = area.reverse_map;
    if (entry.links_in_trees) {
      for (LinkType* link = entry.newest; link != nullptr; link = link->older) {
        link->identity->links.remove(*link);
      }
      entry.links_in_trees = false;
    }
    if (entry.file_in_tree) {
      Host::mapping_of(area.file).areas.remove(entry.file_link);
      entry.file_in_tree = false;
    }
  }

  void enter_trees(AreaType& area) noexcept {
    ReverseMapEntry& entry = area.reverse_map;
    if (!entry.links_in_trees && entry.newest != nullptr) {
      for (LinkType* link = entry.newest; link != nullptr; link = link->older) enter(*link, area);
      entry.links_in_trees = true;
    }
    if (area.file == typename Host::FileHandle{}) return;
    FileMapping& mapping = Host::mapping_of(area.file);
    if (!entry.file_linked) {
      if (area.flags.has_all(flag::shared_may_write)) ++mapping.writable_count;
      entry.file_link.area = &area;
      entry.file_linked = true;
    }
    if (!entry.file_in_tree) {
      set_key(entry.file_link, area);
      mapping.areas.insert(entry.file_link);
      entry.file_in_tree = true;
    }
  }

  /// Out of everything (19.5, 20); the entry is as that of a new area.
  void unlink(AreaType& area) noexcept {
    leave_trees(area);
    ReverseMapEntry& entry = area.reverse_map;
    if (entry.newest != nullptr) --identity_object<Lock>(area.identity)->active;
    while (entry.newest != nullptr) {
      LinkType* link = entry.newest;
      entry.newest = link->older;
      if (--link->identity->link_count == 0) end_with_lock(*link->identity);
      release(link);
    }
    entry.chain_length = 0;
    if (entry.file_linked) {
      if (area.flags.has_all(flag::shared_may_write)) {
        --Host::mapping_of(area.file).writable_count;
      }
      entry.file_linked = false;
    }
  }

  /// Calls visit(AreaType&) for each area that maps a page in [first, last] of the file.
  template <class Visit>
  static void for_each_area(const FileMapping& mapping, std::uint64_t first, std::uint64_t last,
                            Visit&& visit) {
    mapping.areas.for_each_intersection(first, last, [&](IntervalNode& node) {
      visit(*static_cast<FileLink<AreaType>&>(node).area);
    });
  }
  /// Calls visit(AreaType&) for each area that may map a page in [first, last] of the identity.
  template <class Visit>
  static void for_each_area(AnonIdentity identity, std::uint64_t first, std::uint64_t last,
                            Visit&& visit) {
    identity_object<Lock>(identity)->links.for_each_intersection(
        first, last, [&](IntervalNode& node) { visit(*static_cast<LinkType&>(node).area); });
  }
  /// One identity per root: its lock protects all of them.
  static AnonIdentity root_of(AnonIdentity identity) noexcept {
    return identity_value(identity_object<Lock>(identity)->root, 1);
  }
  static const IdentityType& identity_of(const AreaType& area) noexcept {
    return *identity_object<Lock>(area.identity);
  }

 private:
  Host& host() noexcept { return static_cast<Host&>(*this); }

  template <class T>
  T* make() noexcept {
    void* memory = host().allocate_link(sizeof(T), alignof(T));
    return memory == nullptr ? nullptr : ::new (memory) T;
  }
  template <class T>
  void release(T* object) noexcept {
    object->~T();
    host().release_link(object, sizeof(T), alignof(T));
  }

  bool add_link(LinkReservation& taken) noexcept {
    auto* link = make<LinkType>();
    if (link == nullptr) return false;
    link->older = taken.links;
    taken.links = link;
    return true;
  }
  static LinkType* take_link(LinkReservation& taken) noexcept {
    LinkType* link = taken.links;
    require<Host>(link != nullptr, "commit uses no more links than were reserved");
    taken.links = link->older;
    link->older = nullptr;
    return link;
  }
  static IdentityType* take_identity(LinkReservation& taken) noexcept {
    IdentityType* identity = taken.identities;
    require<Host>(identity != nullptr, "commit uses no more identities than were reserved");
    taken.identities = identity->next_ending;
    identity->next_ending = nullptr;
    return identity;
  }

  void set_key(IntervalNode& node, const AreaType& area) noexcept {
    node.first = area.page_offset;
    node.last = area.page_offset + host().geometry().pages(area.length()) - 1;
  }
  void enter(LinkType& link, AreaType& area) noexcept {
    set_key(link, area);
    link.identity->links.insert(link);
  }

  /// Links `area` to `newest`, if there is one, and to all identities of `copied`, in their order.
  void append_links(LinkReservation& taken, AreaType& area, const LinkType* copied,
                    IdentityType* newest) noexcept {
    LinkType** place = &area.reverse_map.newest;
    const auto append = [&](IdentityType* identity) {
      LinkType* link = take_link(taken);
      link->area = &area;
      link->identity = identity;
      ++identity->link_count;
      *place = link;
      place = &link->older;
      enter(*link, area);
      ++area.reverse_map.chain_length;
    };
    if (newest != nullptr) append(newest);
    for (; copied != nullptr; copied = copied->older) append(copied->identity);
    area.reverse_map.links_in_trees = true;
  }

  static AnonIdentity made_active(const AreaType& area, IdentityType* identity) noexcept {
    ++identity->active;
    return identity_value(identity, area.reverse_map.chain_length);
  }

  /// The oldest identity of the chain that no area has for its own and that at most one identity
  /// descends from; the root, which counts itself, then has no child at all.
  static IdentityType* find_adoptable(const AreaType& source) noexcept {
    IdentityType* found = nullptr;
    for (LinkType* link = source.reverse_map.newest; link != nullptr; link = link->older) {
      if (link->identity->active == 0 && link->identity->children < 2) found = link->identity;
    }
    return found;
  }

  /// No area is linked to it any more. The root is seen by its count when the lock is dropped.
  static void end_with_lock(IdentityType& identity) noexcept {
    --identity.parent->children;
    if (&identity == identity.root) return;
    identity.next_ending = identity.root->next_ending;
    identity.root->next_ending = &identity;
  }
};

}  // namespace vmarea::shims
