// SPDX-License-Identifier: MIT
//
// Identities of anonymous pages and the links between them and areas.
//
//   identity   root ^   parent ^        an identity and its ancestors; one lock, at the root
//      |
//      +-- tree of links, by page range of the linked area
//              link --> area            "pages of this identity may be mapped in that area"
//
//   area --> newest link --> older --> ... --> oldest          its chain: one link per generation
//
// A chain of one link was never forked since its first touch. An area that is linked to an identity
// is linked to all its ancestors that it came from, so identities end youngest first.
#pragma once

#include <cstddef>
#include <cstdint>

#include <vmarea/types/area.hpp>
#include <vmarea_shims/reverse_map/interval_tree.hpp>

namespace vmarea::shims {

/// What AnonIdentity points to. Everything is protected by the root's lock.
template <class Lock>
struct Identity {
  Identity* root = nullptr;      // Immutable after construction.
  Identity* parent = nullptr;    // Immutable after construction; the root is its own.
  std::uint32_t children = 0;    // Identities whose parent this is; the root counts itself.
  std::uint32_t active = 0;      // Areas whose identity this is, not only a link's.
  std::uint32_t link_count = 0;  // Also of links that left the tree for a moment.
  IntervalTree links;
  bool marked = false;              // At the root: locked with all locks of a space.
  Identity* next_ending = nullptr;  // At the root: identities that end when the lock is dropped.
  [[no_unique_address]] Lock lock;  // Used at the root only.
};

/// One generation of one area.
template <class AreaType, class Lock>
struct Link : IntervalNode {
  AreaType* area = nullptr;
  Identity<Lock>* identity = nullptr;
  Link* older = nullptr;
};

/// Links and identities between reserve and commit.
template <class AreaType, class Lock>
struct LinkReservation {
  Link<AreaType, Lock>* links = nullptr;  // Chained by `older`.
  Identity<Lock>* identities = nullptr;   // Chained by `next_ending`.
};

/// A place of an area in the tree of its file.
template <class AreaType>
struct FileLink : IntervalNode {
  AreaType* area = nullptr;
};

/// What each area carries for the reverse map.
template <class AreaType, class Lock>
struct ReverseMapEntry {
  Link<AreaType, Lock>* newest = nullptr;
  std::uint32_t chain_length = 0;
  bool links_in_trees = false;
  bool file_in_tree = false;
  bool file_linked = false;  // Counted by the file, in its tree or about to come back.
  FileLink<AreaType> file_link;
};

/// The areas that map a file. Protected by the file mapping's lock.
struct FileMapping {
  IntervalTree areas;
  std::uint64_t writable_count = 0;  // Areas that are shared and may be written.
  bool marked = false;               // Locked with all locks of a space.
};

template <class Lock>
Identity<Lock>* identity_object(AnonIdentity identity) noexcept {
  return reinterpret_cast<Identity<Lock>*>(static_cast<std::uintptr_t>(identity.value()));
}

template <class Lock>
AnonIdentity identity_value(const Identity<Lock>* identity, std::uint32_t chain_length) noexcept {
  const AnonIdentity value = AnonIdentity::of(reinterpret_cast<std::uintptr_t>(identity));
  return chain_length == 1 ? value : value.as_fork_child();
}

}  // namespace vmarea::shims
