// SPDX-License-Identifier: MIT
//
// fork (rules 25): a structural copy of the tree, then each area in order.
//
//   parent   [AAAA id 2)[BBBB dont_copy)[CCCC wipe id 2)
//   child    [AAAA id 4, fork child)    [CCCC none)     locks are not inherited, nor userfault
//                                                       contexts that do not ask for it
//
// Everything that may run out is taken before the child is touched, but page tables: when those run
// out half-way, what was made of the child is torn down again and the child is empty.
#pragma once

#include <new>

#include "vmarea/change/area_chain.hpp"
#include "vmarea/change/exit.hpp"
#include "vmarea/change/lock_scope.hpp"

namespace vmarea {

/// One fork. Requires: the child is empty and shares the parent's files and identities.
template <class Host>
class Fork {
 public:
  Fork(SpaceState<Host>& parent, SpaceState<Host>& child) noexcept
      : parent_(parent), child_(child) {}

  /// Errors: invalid (into itself, or into a space that is not empty), busy (a change is reserved),
  /// interrupted, no_memory; the child is as it was then.
  Result<void> run() noexcept {
    if (&parent_ == &child_) return Error::invalid;
    const SpaceWriteLock<Host> parent_lock(parent_);
    if (!parent_lock.taken()) return parent_lock.taken();
    const SpaceWriteLock<Host> child_lock(child_);
    if (!child_lock.taken()) return child_lock.taken();
    if (parent_.generation % 2 != 0 || child_.generation % 2 != 0) return Error::busy;
    if (child_.area_count != 0) return Error::invalid;
    child_.generation += 2;
    const InterningScope<Host, Host::has_userfault_events> interning(child_);
    Result<void> done = reserve();
    if (done) done = copy_tree();
    if (!done) {
      give_back_copies();
      return done;
    }
    copy_fields();
    done = finish_areas();
    if (!done) {
      clear_locked(child_);
      child_.layout = SpaceLayout::for_geometry(child_.services.geometry());
      child_.default_flags = {};
      child_.modes = {};
    } else if constexpr (Host::has_userfault_events) {
      child_.services.send_events(events_);
    }
    give_back_events();
    return done;
  }

 private:
  template <class Visit>
  static void for_each(SpaceState<Host>& space, Visit&& visit) noexcept {
    for_each_in(space, everything, visit);
  }

  static bool is_copied(const Area<Host>& area) noexcept {
    return !area.flags.has_any(flag::dont_copy);
  }

  /// Takes the areas, links and charge for all copies, each copy linked to the next by its
  /// identity.
  Result<void> reserve() noexcept {
    Result<void> taken;
    for_each(parent_, [&](Area<Host>& area) {
      if (!taken) return;
      if (is_copied(area)) {
        taken = reserve_one(area);
      } else {
        ++left_out_;
      }
    });
    next_ = copies_.first();
    return taken;
  }

  Result<void> reserve_one(const Area<Host>& area) noexcept {
    if (area.flags.has_any(flag::account)) {
      const PageCount pages = static_cast<PageCount>(page_count(parent_, area.length()));
      const Result<void> charged = child_.services.charge(pages);
      if (!charged) return charged;
      charged_ += pages;
    }
    if constexpr (Host::has_reverse_map) {
      if (area.identity && !area.flags.has_any(flag::wipe_on_fork)) {
        const Result<void> links = child_.services.reserve_fork(links_, area);
        if (!links) return links;
      }
    }
    void* memory = area_memory(child_);
    if (memory == nullptr) return Error::no_memory;
    Area<Host>* copy = ::new (memory) Area<Host>{};
    static_cast<Description<Host>&>(*copy) = area;
    copy->flags = area.flags.without(flag::lock_group);
    copy->data = area.data;
    copies_.push_back(*copy);
    return inherit_userfault(*copy);
  }

  /// A copy is watched by a context of the child's own if the parent's asked for that, else it is
  /// not watched.
  Result<void> inherit_userfault(Area<Host>& copy) noexcept {
    const UserfaultContext context = context_of<Host>(copy);
    if (context == 0) return {};
    if constexpr (Host::has_userfault_events) {
      if (child_.services.userfault_rules(context).fork_events) {
        const Result<UserfaultContext> own = child_.services.reserve_fork_event(events_, context);
        if (!own) return own.error();
        Attributes content = *copy.attributes;
        content.userfault_context = *own;
        const Result<const Attributes*> attributes = intern(child_, content);
        if (!attributes) return attributes.error();
        copy.attributes = *attributes;
        return {};
      }
    }
    copy.flags = copy.flags.without(flag::userfault);
    copy.attributes = without_userfault(child_, copy.attributes);
    return {};
  }

  /// The child's tree has the parent's shape; then what is not inherited is taken out of it.
  Result<void> copy_tree() noexcept {
    const bool copied = child_.tree.duplicate(parent_.tree, [this](Area<Host>* area) {
      if (!is_copied(*area)) return area;
      Area<Host>* copy = next_;
      next_ = AreaChain<Host>::next(*copy);
      return copy;
    });
    if (!copied) return Error::no_memory;
    if (skips_needless_steps && left_out_ == 0) return {};
    std::size_t nodes = 0;
    for_each(parent_, [&](Area<Host>& area) {
      if (is_copied(area)) return;
      nodes += child_.tree.nodes_needed(area.start, last_key(area.range()), 0, 0, nullptr);
    });
    if (nodes != 0 && !child_.tree.reserve(nodes)) {
      child_.tree.clear();
      return Error::no_memory;
    }
    for_each(parent_, [&](Area<Host>& area) {
      if (!is_copied(area)) {
        child_.tree.replace(area.start, last_key(area.range()), nullptr, 0, nullptr);
      }
    });
    child_.tree.unreserve();
    return {};
  }

  void copy_fields() noexcept {
    child_.layout = parent_.layout;
    child_.default_flags = parent_.default_flags.without(flag::lock_group);
    child_.modes = parent_.modes.inherited();
    child_.last_identity = parent_.last_identity;
    child_.charged = charged_;
    child_.area_count = child_.tree.size();
    child_.totals = {};
  }

  /// Counts each copy and gives it its identity, references and pages. Every area is finished even
  /// when pages run out, so that tearing down finds only whole ones.
  Result<void> finish_areas() noexcept {
    Result<void> done;
    auto copies = child_.tree.seek(0);
    for_each(parent_, [&](Area<Host>& area) {
      parent_.services.begin_area_write(parent_.lock, area.lock);
      if (!is_copied(area)) return;
      Area<Host>& copy = *copies.entry().value;
      copies.next();
      copy.identity = {};
      child_.totals += area_totals(copy.flags, page_count(child_, copy.length()));
      child_.services.attach_area(child_.lock, copy.lock);
      if (copy.file != typename Host::FileHandle{}) child_.services.retain_file(copy.file);
      if (copy.attributes != nullptr) child_.services.retain_attributes(copy.attributes);
      inherit_identity(copy, area);
      if (copy.hooks != nullptr && copy.hooks->open != nullptr) copy.hooks->open(copy);
      if constexpr (Host::has_notices) {
        child_.services.notify(
            Notice<Host>{.event = Event::forked, .area = copy, .partner = &area});
      }
      if constexpr (Host::has_page_tables) {
        if (done && !copy.flags.has_any(flag::wipe_on_fork)) {
          done = child_.services.copy_pages(child_.pages, parent_.pages, copy.range());
        }
      }
    });
    if constexpr (Host::has_reverse_map) child_.services.unreserve_links(links_);
    return done;
  }

  void inherit_identity(Area<Host>& copy, const Area<Host>& area) noexcept {
    const bool inherits = area.identity && !area.flags.has_any(flag::wipe_on_fork);
    if constexpr (Host::has_reverse_map) {
      const Family<Host> family{copy.file, inherits ? area.identity : AnonIdentity{}};
      family.lock(child_.services);
      if (inherits) copy.identity = child_.services.fork_links(links_, copy, area);
      child_.services.enter_trees(copy);
      family.unlock(child_.services);
    } else if (inherits) {
      copy.identity = AnonIdentity::of(child_.last_identity += 2).as_fork_child();
    }
  }

  void give_back_copies() noexcept {
    while (!copies_.empty()) {
      Area<Host>* copy = copies_.pop_front();
      copy->~Area<Host>();
      child_.services.release_area(copy, sizeof(Area<Host>), alignof(Area<Host>));
    }
    if constexpr (Host::has_reverse_map) child_.services.unreserve_links(links_);
    if (charged_ != 0) child_.services.uncharge(charged_);
    give_back_events();
  }

  void give_back_events() noexcept {
    if constexpr (Host::has_userfault_events) child_.services.unreserve_events(events_);
  }

  SpaceState<Host>& parent_;
  SpaceState<Host>& child_;
  AreaChain<Host> copies_;
  Area<Host>* next_ = nullptr;
  PageCount charged_ = 0;
  std::uint64_t left_out_ = 0;  // Areas that the child does not get.
  [[no_unique_address]] typename Host::LinkReservation links_;
  [[no_unique_address]] typename Host::EventReservation events_;
};

}  // namespace vmarea
