// SPDX-License-Identifier: MIT
//
// One address space of the kernel and ours beside it: loads ours from the kernel's at exec, catches
// up with what happens between calls (first touches, stack growth), and compares.
//
// Between two calls pages only appear, so the pages that are there at the entry of a call say what
// was touched since the last one; pagemap tells anonymous pages from file pages and from the zero
// page. Nothing is guessed but the order of several touches; where identities are seen inside the
// kernel, they say what was touched, and what came of it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "call_ranges.hpp"
#include "host.hpp"
#include "identities.hpp"
#include "kernel_maps.hpp"

namespace follow {

/// The first place where the two maps differ.
struct Difference {
  vmarea::Address at = 0;
  std::string what;
};

/// An area of ours that may have an identity, and the kernel's beside it.
struct SeenIdentity {
  vmarea::Area<Services>* area = nullptr;
  std::uint64_t theirs = 0;       // 0: none.
  std::uint64_t page_offset = 0;  // Of the kernel's area.
  bool has_file = false;
};

class FollowedSpace {
 public:
  FollowedSpace(FileRegistry& files, pid_t task);

  /// Takes the kernel's map of a program just loaded as the starting point.
  void load_image(pid_t task);
  /// Becomes what fork makes of `parent`. Requires: nothing ran in the child yet. Touches of the
  /// parent that only the child's pages prove are made up for.
  void fork_from(FollowedSpace& parent);

  /// Tells ours what was touched since the last call, anywhere or in the areas around a call, and
  /// how far stacks have grown.
  void catch_up();
  void catch_up_around(const CallRanges& ranges);
  /// The same where something is mapped now that ours has not yet, of what was there before.
  void catch_up_beside(const CallRanges& mapped);
  /// What is asked from now on is asked of this task, which is stopped.
  void look_by(pid_t task) { viewer_ = task; }
  void refresh_limits(pid_t task);
  /// What the pool of huge pages is said to have, until limits are read again.
  void assume_huge_pages(std::uint64_t free_bytes) {
    host_.limits.huge_pages_free_bytes = free_bytes;
  }
  /// The areas around a call against the kernel's, by what costs the same however many there are.
  /// Memory in `touched` was touched before the call, so ours has identities there if the kernel's
  /// has.
  std::optional<Difference> compare_around(const CallRanges& ranges,
                                           const std::vector<vmarea::Range>& touched);
  /// Copies of our areas around a call.
  std::vector<AreaDescription> copy_around(const CallRanges& ranges) const;
  /// All areas against the kernel's, and the text of maps, byte for byte; what only the kernel can
  /// know (the inode number of new shared memory) is learned once.
  std::optional<Difference> compare();

  /// The same for what maps does not show: all flags, and the page counters. Costs much more.
  std::optional<Difference> compare_hidden(pid_t task);

  /// After a call that has no counterpart of ours: areas and flags as the kernel has them now;
  /// identities, offsets and files as ours had them. `adjust` sees each area and may change it.
  void take_from_kernel(const std::function<void(AreaDescription&)>& adjust = {});
  /// The page counters as the kernel has them.
  void take_totals(pid_t task);
  /// Replaces all our areas.
  void rebuild(const std::vector<AreaDescription>& areas);

  Space& space() { return *space_; }
  KernelSpace& kernel() { return kernel_; }
  FileRegistry& files() { return files_; }
  bool randomised() const { return randomised_; }
  void refresh_personality(pid_t task);
  /// Who has rights may be different from now on.
  void forget_rights() { rights_.clear(); }
  /// From now on areas may have userfaultfd contexts, which end where no call says so.
  void watch_contexts() { has_contexts_ = true; }
  bool has_contexts() const { return has_contexts_; }
  /// The last bytes of areas that grow by themselves.
  const std::vector<vmarea::Address>& growing() const { return growing_; }
  /// Set when something beyond our sight may have changed areas; cleared by take_from_kernel().
  bool in_doubt = false;

 private:
  /// A context that the kernel's areas do not have any more was released: its last descriptor was
  /// closed, by exec or exit perhaps, and of whichever process.
  void follow_releases();
  void follow_growth();
  /// What grows by itself is known by its last bytes, which stay.
  void note_growing(vmarea::Range range);
  void touch_pages_around(vmarea::Range range);
  std::optional<Difference> compare_within(vmarea::Range range,
                                           const std::vector<vmarea::Range>& touched);
  std::optional<Difference> compare_by_queries(vmarea::Range range);
  std::optional<Difference> compare_text();
  std::vector<ViewedArea> view_areas(vmarea::Range range) const;
  /// Whether they are those of ours in `range`, with all flags; false where that is in doubt.
  bool are_ours(const std::vector<ViewedArea>& views, vmarea::Range range);
  /// All flags of all areas, of which `views` are seen, perhaps.
  std::optional<Difference> compare_flags(const std::vector<ViewedArea>& views);
  std::vector<SeenIdentity> see_identities(vmarea::Range range);
  std::vector<SeenIdentity> see_identities(vmarea::Range range,
                                           const std::vector<ViewedArea>& theirs);
  /// Gives ours what the kernel's has and ours not: false if the kernel's cannot be seen.
  bool learn_identities(vmarea::Range range);
  void learn_identities(const std::vector<SeenIdentity>& seen);
  std::optional<Difference> compare_identities(const std::vector<SeenIdentity>& seen,
                                               const std::vector<vmarea::Range>& touched);
  /// Makes ours those of the kernel, whatever they were.
  void adopt_identities();
  vmarea::AnonIdentity make_identity();
  /// Ours is touched where `kernel`, of this space or of a fresh copy, has pages.
  void touch_pages_of(KernelSpace& kernel);

  FileRegistry& files_;
  pid_t viewer_;
  KernelSpace kernel_;
  HostState host_;
  std::unique_ptr<Space> space_;
  std::vector<vmarea::Address> growing_;
  std::map<pid_t, bool> rights_;  // Whether a task's rights count.
  bool has_contexts_ = false;
  bool randomised_ = true;
  bool implies_exec_ = false;
};

/// What maps shows of our files and names.
struct FollowedNames {
  static vmarea::shims::ShownFile shown_file(const AreaDescription& area);
  static std::string_view memory_name(vmarea::MemoryName name) { return text_of(name); }
};

}  // namespace follow
