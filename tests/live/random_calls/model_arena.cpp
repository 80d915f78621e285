// SPDX-License-Identifier: MIT
#include "live/random_calls/model_arena.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include <sys/mman.h>
#include <sys/shm.h>
#include <vmarea/space/check.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/segments.hpp>
#include <vmarea_shims/userland.hpp>

#include "live/random_calls/limited.hpp"

namespace vmarea::live {
namespace {

/// Memory that tells whether somebody took some when nobody should.
struct GuardedMemory : shims::HeapMemory {
  static inline bool forbidden = false;
  static inline bool taken_while_forbidden = false;

  static void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    taken_while_forbidden |= forbidden;
    return HeapMemory::allocate_area(bytes, alignment);
  }
  static void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    taken_while_forbidden |= forbidden;
    return HeapMemory::allocate_node(bytes, alignment);
  }
};

/// What all spaces of this process share.
struct Settings {
  KernelProfile profile = linux_6_18;
  Limits limits;
  std::uint64_t memory_pages = 0;
};

/// The userland host, all of its promises and locks checked, with the profile and the limits of
/// this machine. Shared memory knows where it ends.
template <std::size_t node_capacity>
struct Host : shims::Checked<shims::UserlandOf<Host<node_capacity>, shims::HeapMemory>> {
  using FileHandle = shims::File<Host>*;
  template <class AreaType>
  using Tree = shims::MapleTree<AreaType, GuardedMemory, shims::MapleTreeOptions{node_capacity}>;

  struct SharedMemory : shims::File<Host> {
    std::uint64_t length_bytes = 0;
  };

  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
  static void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return GuardedMemory::allocate_area(bytes, alignment);
  }
  static Result<FileHandle> make_shared_memory(std::uint64_t bytes) noexcept {
    GuardedMemory::taken_while_forbidden |= GuardedMemory::forbidden;
    auto* memory = new (std::nothrow) SharedMemory;
    if (memory == nullptr) return Error::no_memory;
    memory->references = 1;
    memory->ended = [](shims::File<Host>& ended) noexcept {
      delete static_cast<SharedMemory*>(&ended);
    };
    memory->length_bytes = bytes;
    memory->rules.storage = Storage::anonymous_memory;
    return memory;
  }
  static Result<FileHandle> make_huge_memory(std::uint64_t bytes, unsigned page_shift) noexcept {
    const Result<FileHandle> memory = make_shared_memory(bytes);
    if (!memory) return memory;
    (*memory)->use_huge_pages(page_shift);
    return memory;
  }
  /// No machine that is compared with has huge pages in its pool.
  static Result<void> prepare_mapping(FileHandle file, Description<Host>& wanted) noexcept {
    const bool reserves = file->rules.page_shift != 0 && !wanted.flags.has_any(flag::no_reserve);
    return reserves ? Result<void>(Error::no_memory)
                    : shims::PlainFiles<Host>::prepare_mapping(file, wanted);
  }

  Settings* settings = nullptr;
  const KernelProfile& profile() const noexcept { return settings->profile; }
  const Limits& limits() const noexcept { return settings->limits; }
  Result<void> charge(PageCount pages) noexcept {
    return pages <= settings->memory_pages ? success : Result<void>(Error::no_memory);
  }
};

std::int64_t number_of(Result<void> result) {
  return -static_cast<std::int64_t>(result.code());
}

std::int64_t number_of(Result<Address> result) {
  return result ? static_cast<std::int64_t>(*result) : -static_cast<std::int64_t>(result.error());
}

bool is_copy(const Call& call) {
  return call.operation == Operation::copy_from || call.operation == Operation::copy_to;
}

bool is_one(const Call& call) {
  return call.operation == Operation::read || call.operation == Operation::write;
}

bool is_one_write(const Call& call) {
  return call.operation == Operation::write;
}

/// The range whose pages the call may touch; length 1 for a single one.
Range touched_by(const Call& call) {
  const bool populates =
      call.operation == Operation::mlock || call.operation == Operation::mlock_on_fault ||
      call.operation == Operation::mprotect || call.operation == Operation::pkey_mprotect ||
      (call.operation == Operation::madvise &&
       (call.advice == static_cast<std::int32_t>(Advice::populate_read) ||
        call.advice == static_cast<std::int32_t>(Advice::populate_write)));
  const bool locks_all =
      call.operation == Operation::mlockall && MlockallFlags(call.flags).has_any(mlockall::current);
  if (locks_all) return {arena_start, arena_start + arena_pages_max * page};
  if (populates) {
    return {call.address, call.address + std::min(call.length, arena_pages_max * page)};
  }
  if (is_copy(call)) return {call.address, call.address + call.length};
  const bool touches = call.operation == Operation::read || call.operation == Operation::write ||
                       call.operation == Operation::mremap;
  return touches ? Range{call.address, call.address + 1} : Range{};
}

/// As it is shown, with what only we know.
template <class Services>
SeenArea seen(const Description<Services>& area) {
  return {area.start,
          area.end,
          area.flags,
          area.anonymous() ? 0 : area.page_offset * page,
          area.identity.value(),
          area.anonymous() ? area.page_offset : 0};
}

template <std::size_t node_capacity>
class ModelOf : public ModelArena {
  using S = Host<node_capacity>;
  using Space = AddressSpace<S>;
  using State = SpaceState<S>;
  using Segments = shims::Segments<S>;

 public:
  ModelOf(const Shape& shape, const Machine& machine) : shape_(shape) {
    settings_.memory_pages = machine.memory_pages;
    low_is_random_ = machine.low_is_random;
    has_segments_ = machine.has_segments;
    settings_.profile.reads_share_zero_page = !machine.reads_allocate;
    settings_.profile.has_protection_keys = machine.has_keys;
    ModelOf::use(machine.profile);
    as_started_.address_space_bytes = soft(machine, Limited::address_space);
    as_started_.data_bytes = soft(machine, Limited::data);
    as_started_.data_bytes_hard = hard(machine, Limited::data);
    as_started_.stack_bytes = soft(machine, Limited::stack);
    as_started_.locked_bytes = soft(machine, Limited::locked);
    for (unsigned i = 0; i < limited_count; ++i) {
      hard_[i] = hard(machine, static_cast<Limited>(i));
    }
    settings_.limits = as_started_;
    files_[static_cast<unsigned>(File::read_only)].rules.writable = false;
    for (shims::File<S>& file : files_) file.rules.storage = Storage::memory;
    make_segments();
    S host;
    host.settings = &settings_;
    SpaceLayout layout;
    if (machine.placement_end != 0) layout.mmap_base = machine.placement_end;
    generations_.push_back(std::make_unique<Space>(host, layout));
    space().state().default_flags = machine.marks_of_new_memory;
    insert(machine.surroundings);
    committed_outside_ = static_cast<std::int64_t>(space().state().charged);
  }
  ~ModelOf() override {
    while (!generations_.empty()) generations_.pop_back();
  }

  void use(const KernelProfile& profile) override {
    const KernelProfile before = std::exchange(settings_.profile, profile);
    settings_.profile.reads_share_zero_page = before.reads_share_zero_page;
    settings_.profile.has_protection_keys = before.has_protection_keys;
  }

  bool can_follow(const Call& call) const override {
    if (is_refused_for_excess(call)) return false;
    // With randomisation the kernel draws an address of this window by lot.
    const bool is_low = call.operation == Operation::mmap && (call.flags & MAP_32BIT) != 0;
    if (is_low && low_is_random_) return false;
    const bool needs_segments =
        call.operation == Operation::attach || call.operation == Operation::count_attached;
    if (needs_segments && !has_segments_) return false;
    if (populates_nothing(call) || populates_by_reading(call)) return false;
    const Range touched = touched_by(call);
    if (touched.empty()) return true;
    const State& state = space().state();
    const Area<S>* first = find_at_or_above(state, touched.start);
    // A touch below a stack is one of the stack that has grown.
    const bool touches = call.operation == Operation::read || call.operation == Operation::write;
    if (touches && first != nullptr && first->flags.has_any(flag::grows_down) &&
        !can_be_touched(*first, call)) {
      return false;
    }
    for (const Area<S>* area = first; area != nullptr && area->start < touched.end;
         area = find_at_or_above(state, area->end)) {
      if (!can_be_touched(*area, call)) return false;
    }
    return !is_copy(call) || can_grow_into(touched);
  }

  std::int64_t execute(const Call& call) override {
    wrong_ = nullptr;
    may_have_small_pages_ |= !is_one_write(call) && (!touched_by(call).empty() || populates(call));
    const std::int64_t result = make(call);
    if (GuardedMemory::taken_while_forbidden) wrong_ = "memory was allocated after reserve";
    GuardedMemory::taken_while_forbidden = false;
    if (wrong_ == nullptr) wrong_ = invariants_broken();
    return result;
  }

  bool reset() override {
    settings_.limits = as_started_;
    limit_locked(as_started_.locked_bytes);
    may_have_small_pages_ = false;
    set_heap(arena_start);
    space().state().modes.read_implies_exec = false;
    if (modes_changed_) {
      const bool merges = settings_.profile.knows_memory_merge;
      if (!space().munlockall()) return false;
      if (merges && !space().set_memory_merge(SamePageMerging::off)) return false;
      modes_changed_ = false;
    }
    const bool unmapped = space().munmap(low_start, low_reach - low_start) &&
                          space().munmap(arena_start, shape_.pages * page);
    read_areas();
    return unmapped && picture_.areas().empty() && behind_is_as_it_was();
  }

  void unmap(std::uint64_t start, std::uint64_t length) override {
    static_cast<void>(static_cast<bool>(space().munmap(start, length)));
    read_areas();
  }
  PageTotals totals() const override {
    PageTotals totals = space().totals();
    totals.locked += locked_excess_;
    return totals;
  }
  std::int64_t locked_excess() const override { return locked_excess_; }
  std::int64_t locked_pages() const override { return space().totals().locked; }
  std::int64_t committed_pages() const override {
    return static_cast<std::int64_t>(space().state().charged) - committed_outside_;
  }
  void become_child() override {
    locked_excess_ = 0;
    limit_locked(locked_limit_);
  }
  const char* what_is_wrong() const override { return wrong_; }
  const char* what_is_broken() const override {
    if (const Broken broken = check(space().state())) return broken.what;
    return space().state().tree.check();
  }

 private:
  static std::uint64_t soft(const Machine& machine, Limited limited) {
    return bytes_of(machine.limits[static_cast<unsigned>(limited)].rlim_cur);
  }
  static std::uint64_t hard(const Machine& machine, Limited limited) {
    return bytes_of(machine.limits[static_cast<unsigned>(limited)].rlim_max);
  }
  static std::uint64_t bytes_of(rlim_t limit) {
    return limit == RLIM_INFINITY ? Limits::no_limit : std::uint64_t{limit};
  }

  Space& space() const { return *generations_.back(); }

  /// What never merges with anything: neighbours are of different files.
  void insert(const std::vector<SeenArea>& surroundings) {
    std::size_t number = 0;
    for (const SeenArea& area : surroundings) {
      const Description<S> made{.start = area.start,
                                .end = area.end,
                                .page_offset = area.offset / page,
                                .flags = area.flags.without(flag::lock_group | flag::userfault),
                                .file = &strangers_[number++ % strangers_.size()],
                                .hooks = &no_hooks<S>};
      if (!space().insert(made)) std::abort();
    }
  }

  /// Whether the page behind the arena, which nothing may touch, is an area still.
  bool behind_is_as_it_was() const {
    const Area<S>* const behind = space().find(shape_.end());
    return !Shape::compares_placement || (behind != nullptr && behind->start == shape_.end() &&
                                          !behind->flags.has_any(flag::access));
  }

  const char* invariants_broken() const {
    const State& state = space().state();
    const Broken broken =
        shape_.crowd == 0 ? check(state) : check_within(state, {arena_start, shape_.end()});
    return broken.what;
  }

  void read_areas() {
    picture_.clear();
    const State& state = space().state();
    for (auto cursor = state.tree.seek(arena_start); cursor.entry(); cursor.next()) {
      if (cursor.entry().first >= shape_.end()) return;
      picture_.add(seen<S>(*cursor.entry().value));
    }
  }

  /// Whether every page of the area that may be touched can be.
  bool can_be_touched(const Area<S>& area, const Call& call) const {
    const bool as_it_is_locked = call.operation == Operation::mprotect ||
                                 call.operation == Operation::pkey_mprotect ||
                                 call.operation == Operation::mremap;
    if (as_it_is_locked && !area.flags.has_any(flag::locked)) return true;
    // There are no huge pages: what locks or populates ends in the midst of its range. Of
    // everything, it goes on behind.
    if (!is_one_write(call) && depends_on_small_pages(area)) return false;
    const bool huge = area.huge_page_shift() != 0;
    if (huge && call.operation != Operation::mlockall && !is_one(call)) return false;
    if (area.flags.has_any(flag::userfault)) return false;
    if (call.operation == Operation::mremap) return true;
    // What cannot be locked is touched even by a lock on fault.
    const bool on_fault = call.operation == Operation::mlock_on_fault ||
                          (call.operation == Operation::mlockall &&
                           MlockallFlags(call.flags).has_any(vmarea::mlockall::on_fault));
    if (on_fault && !area.flags.has_any(flag::droppable | flag::huge_tlb)) return true;
    if (area.flags.has_any(flag::maybe_guard)) return false;
    if (area.file == nullptr) return true;
    std::uint64_t bytes = Geometry{}.round_up(area.file->rules.segment_bytes);
    if (area.file->rules.storage == Storage::anonymous_memory || huge) {
      bytes = static_cast<const typename S::SharedMemory&>(*area.file).length_bytes;
    }
    return bytes == 0 || area.page_offset * page + area.length() <= bytes;
  }

  /// Whether a read may take a huge page, or not: by advice, unless a part of it is there already,
  /// or without, on a machine that gives them always.
  bool depends_on_small_pages(const Area<S>& area) const {
    const bool advised = area.flags.has_any(flag::huge_page) && !may_have_small_pages_;
    return !advised && area.anonymous() && !area.identity &&
           area.length() >= huge_page_pages * page;
  }

  bool populates(const Call& call) const {
    constexpr std::uint32_t touching = MAP_LOCKED | MAP_POPULATE;
    return call.operation == Operation::mmap &&
           ((call.flags & touching) != 0 || space().state().default_flags.has_any(flag::locked));
  }

  /// Whether untouched memory is read as it is mapped, and it and what it joins may be so much that
  /// huge pages are taken.
  bool populates_by_reading(const Call& call) const {
    const bool is_large =
        call.length > (huge_page_pages - 1) * page || shape_.pages >= huge_page_pages;
    return is_large && populates(call) && (call.protection & PROT_WRITE) == 0 &&
           MapFlags(call.flags).has_any(map::anonymous) &&
           !MapFlags(call.flags).has_any(map::huge_tlb);
  }

  /// Whether huge pages beyond the end of their file are touched as they are mapped.
  bool populates_nothing(const Call& call) const {
    return populates(call) && call.offset != 0 && MapFlags(call.flags).has_any(map::huge_tlb);
  }

  /// Whether a stack that a copy makes grow down into `range` can be touched there.
  bool can_grow_into(Range range) const {
    const Area<S>* const above = find_at_or_above(space().state(), range.end);
    return above == nullptr || !above->flags.has_any(flag::grows_down) ||
           !above->flags.has_any(flag::userfault | flag::maybe_guard);
  }

  /// One change, in its beats; a fixed move over several areas is one for each.
  template <class Plan>
  Result<typename Plan::Value> perform(Change<S, Plan> change) {
    expected_ = picture_;
    std::int64_t unlocked = 0;
    change.for_each_step([&](const Step<S>& step) {
      if (step.kind != StepKind::edit) return;
      preview(*step.edit);
      if (step.edit->event == Event::protected_) unlocked -= step.edit->totals.locked;
    });
    const Result<void> taken = change.reserve();
    if (!taken) return taken.error();
    GuardedMemory::forbidden = true;
    const Result<typename Plan::Value> result = change.commit();
    GuardedMemory::forbidden = false;
    read_areas();
    if (!same_to_the_last(expected_, picture_)) wrong_ = "the preview is not what happened";
    if constexpr (std::is_same_v<Plan, MremapPlan<S>>) {
      note_excess(unlocked);
      if (change.has_rest()) {
        const Result<typename Plan::Value> moved = perform(change.rest());
        return moved ? result : moved;
      }
    }
    if (!result || change.sequel().kind == Sequel::Kind::nothing) return result;
    const Result<typename Plan::Value> finished = change.finish();
    read_areas();
    return finished;
  }

  /// What DONTUNMAP unlocks stays in the kernel's counter, unless it is cut out first.
  void note_excess(std::int64_t unlocked) {
    if (unlocked == 0 || settings_.profile.kept_locks == KeptLocks::cut_out) return;
    ++deviations_met_;
    locked_excess_ += unlocked;
    limit_locked(locked_limit_);
  }

  /// What the kernel counts in excess leaves less for all else. Only a limit of nothing at all
  /// takes the right to lock away.
  void limit_locked(std::uint64_t bytes) {
    locked_limit_ = bytes;
    const auto excess = static_cast<std::uint64_t>(locked_excess_) * page;
    excess_exceeds_limit_ = bytes != Limits::no_limit && bytes != 0 && bytes < excess;
    if (bytes != Limits::no_limit && bytes != 0) bytes = bytes > excess ? bytes - excess : 1;
    settings_.limits.locked_bytes = bytes;
  }

  /// Whether the kernel refuses the call for what it counts in excess alone, as our limits cannot
  /// say: it would refuse to lock nothing.
  bool is_refused_for_excess(const Call& call) const {
    if (!excess_exceeds_limit_ || settings_.limits.may_lock_any) return false;
    switch (call.operation) {
      case Operation::mlock:
      case Operation::mlock_on_fault:
      case Operation::mlockall:
      case Operation::mmap:
      case Operation::mremap:
      case Operation::brk:
      case Operation::read:
      case Operation::write:
        return true;
      default:
        return false;
    }
  }

  void preview(const Edit<S>& edit) {
    std::array<SeenArea, 3> pieces;
    std::size_t count = 0;
    for (unsigned i = 0; i < edit.pieces.size(); ++i) {
      const Description<S>& after = edit.pieces[i].after;
      if (after.end > arena_start && after.start < shape_.end()) pieces[count++] = seen<S>(after);
    }
    expected_.replace(edit.extent.start, edit.extent.end, {pieces.data(), count});
  }

  std::int64_t make(const Call& call) {
    switch (call.operation) {
      case Operation::mmap:
        return number_of(perform(space().plan_mmap(request_of(call))));
      case Operation::mremap:
        return number_of(remap(call));
      case Operation::read:
        return touch(call.address, Touch::read);
      case Operation::write:
        return touch(call.address, Touch::write);
      case Operation::remap_file_pages:
        return remap_file(call);
      case Operation::process_madvise:
        return advise_several(call);
      case Operation::copy_from:
        return copy(call, prot::read, Touch::read);
      case Operation::copy_to:
        return copy(call, prot::write, Touch::write);
      case Operation::brk: {
        const Result<Address> now = perform(space().plan_brk(call.address));
        return static_cast<std::int64_t>(now ? *now : space().layout().brk);
      }
      case Operation::set_heap:
        return set_heap(call.address);
      case Operation::limit:
        return set_limit(call);
      case Operation::lock_right:
        settings_.limits.may_lock_any = call.flags == static_cast<std::uint32_t>(LockRight::kept);
        return 0;
      case Operation::fork:
        return fork(call);
      case Operation::userfault_register:
        return number_of(
            perform(space().plan_register_userfault({.start = call.address,
                                                     .length = call.length,
                                                     .context = context_of_number(call.advice),
                                                     .modes = UserfaultModes(call.flags)})));
      case Operation::userfault_unregister:
        return number_of(perform(space().plan_unregister_userfault(
            call.address, call.length, context_of_number(call.advice))));
      case Operation::userfault_close:
        return number_of(perform(space().plan_release_userfault(context_of_number(call.advice))));
      case Operation::mlockall:
        return lock_all(MlockallFlags(call.flags));
      case Operation::munlockall:
        return number_of(perform(space().plan_munlockall()));
      case Operation::memory_merge:
        modes_changed_ = true;
        return number_of(perform(space().plan_set_memory_merge(
            call.flags != 0 ? SamePageMerging::on : SamePageMerging::off)));
      case Operation::deny_write_exec:
        return number_of(perform(space().plan_deny_write_exec(WriteExecFlags(call.flags))));
      case Operation::imply_exec:
        space().state().modes.read_implies_exec = call.flags != 0;
        return 0;
      case Operation::clear_soft_dirty:
        return clear_soft_dirty();
      case Operation::attach:
        return attach(call);
      case Operation::count_attached:
        return count_attached(call);
      case Operation::detach:
        return number_of(perform(space().plan_detach_shared(call.address)));
      case Operation::mbind:
        return number_of(perform(space().plan_mbind(call.address, call.length, call.flags)));
      default:
        return change_range(call);
    }
  }

  /// As the kernel does, by itself: no call of the library's.
  std::int64_t clear_soft_dirty() {
    for (auto cursor = space().state().tree.seek(0); cursor.entry(); cursor.next()) {
      Area<S>& area = *cursor.entry().value;
      area.flags = area.flags.without(flag::soft_dirty);
    }
    read_areas();
    return 0;
  }

  std::int64_t lock_all(MlockallFlags flags) {
    modes_changed_ = true;
    return number_of(perform(space().plan_mlockall(flags)));
  }

  std::int64_t attach(const Call& call) {
    using Access = typename Segments::Request::Access;
    const bool executes = (call.flags & SHM_EXEC) != 0;
    const bool writes = (call.flags & SHM_RDONLY) == 0;
    const auto opened =
        segments_.open(segment_of(call),
                       {.address = call.address,
                        .access = writes ? (executes ? Access::read_write_exec : Access::read_write)
                                         : (executes ? Access::read_exec : Access::read_only),
                        .rounds_address = (call.flags & SHM_RND) != 0,
                        .replaces_existing = (call.flags & SHM_REMAP) != 0});
    if (!opened) return -static_cast<std::int64_t>(opened.error());
    return number_of(perform(space().plan_attach_shared(opened->request())));
  }

  /// Each has been removed and stays, for it is attached outside the arena, too.
  void make_segments() {
    for (unsigned i = 0; i < segment_bytes.size(); ++i) {
      const Result<shims::SegmentId> made = segments_.get({.bytes = segment_bytes[i]});
      outside_[i] = *segments_.open(*made, {});
      segment_ids_[i] = *made;
      if (!segments_.remove(*made)) std::abort();
    }
  }
  shims::SegmentId segment_of(const Call& call) const {
    return segment_ids_[static_cast<unsigned>(call.advice)];
  }
  std::int64_t count_attached(const Call& call) const {
    return static_cast<std::int64_t>(segments_.status(segment_of(call))->attached) - 1;
  }

  static UserfaultContext context_of_number(std::int32_t number) {
    return static_cast<UserfaultContext>(number) + 1;
  }

  MmapRequest<S> request_of(const Call& call) {
    const bool has_file = call.file != File::none;
    return {.address = call.address,
            .length = call.length,
            .protection = Protection(call.protection),
            .flags = MapFlags(call.flags),
            .file = has_file ? &files_[static_cast<unsigned>(call.file)] : nullptr,
            .offset = call.offset};
  }

  Result<Address> remap(const Call& call) {
    return perform(space().plan_mremap({.address = call.address,
                                        .old_length = call.length,
                                        .new_length = call.new_length,
                                        .flags = RemapFlags(call.flags),
                                        .new_address = call.new_address}));
  }

  /// As a processor does: first the stack above grows, then the page is touched.
  std::int64_t touch(Address at, Touch how) {
    const Area<S>* const area = space().find(at);
    if (area == nullptr && !perform(space().plan_grow_stack(at))) return -EFAULT;
    const bool touched = static_cast<bool>(perform(space().plan_touch(at, how)));
    // There is no huge page; that is noticed last.
    return touched && (area == nullptr || area->huge_page_shift() == 0) ? 0 : -EFAULT;
  }

  std::int64_t remap_file(const Call& call) {
    const Result<Address> mapped =
        perform(space().plan_remap_file_pages({.address = call.address,
                                               .length = call.length,
                                               .protection = Protection(call.protection),
                                               .page_offset = call.offset,
                                               .flags = MapFlags(call.flags)}));
    return -static_cast<std::int64_t>(mapped.code());
  }

  std::int64_t advise_several(const Call& call) {
    const std::array<Range, 2> both = {Range{call.address, call.address + call.length},
                                       Range{call.new_address, call.new_address + call.new_length}};
    const std::span<const Range> ranges(both.data(), call.flags);
    const auto advice = static_cast<Advice>(call.advice);
    const Result<std::uint64_t> advised = space().plan_process_madvise(
        ranges, advice, {}, [&](auto change) { return perform(std::move(change)); });
    return advised ? static_cast<std::int64_t>(*advised)
                   : -static_cast<std::int64_t>(advised.code());
  }

  /// As a kernel copies: page by page as far as the range is covered, then on where a stack grew.
  std::int64_t copy(const Call& call, Protection access, Touch how) {
    const Range range{call.address, call.address + call.length};
    Address at = range.start;
    Coverage covered;
    do {
      covered = space().covers({at, range.end}, access);
      for (; at < covered.upto; at += page) {
        if (!perform(space().plan_touch(at, how))) wrong_ = "what is covered cannot be touched";
      }
    } while (covered.fault == AccessFault::not_mapped &&
             perform(space().plan_grow_stack(covered.upto)));
    const std::uint64_t bytes = covered.upto - range.start;
    return bytes == 0 && !range.empty() ? -EFAULT : static_cast<std::int64_t>(bytes);
  }

  std::int64_t set_heap(Address at) {
    SpaceLayout& layout = space().state().layout;
    layout.start_brk = layout.brk = at;
    return 0;
  }

  std::int64_t set_limit(const Call& call) {
    const auto limited = static_cast<Limited>(call.advice);
    const bool none = call.length == ~std::uint64_t{0};
    std::uint64_t bytes = none ? hard_[static_cast<unsigned>(limited)] : call.length;
    if (!none && call.flags == static_cast<std::uint32_t>(LimitBase::in_use)) {
      bytes += in_use_bytes(totals(), limited);
    }
    if (bytes > hard_[static_cast<unsigned>(limited)]) return -EINVAL;
    switch (limited) {
      case Limited::address_space:
        settings_.limits.address_space_bytes = bytes;
        break;
      case Limited::data:
        settings_.limits.data_bytes = bytes;
        break;
      case Limited::stack:
        settings_.limits.stack_bytes = bytes;
        break;
      case Limited::locked:
        limit_locked(bytes);
        break;
    }
    return 0;
  }

  std::int64_t fork(const Call& call) {
    auto child = std::make_unique<Space>(space().services());
    const std::int64_t result = number_of(space().fork_into(*child));
    if (call.flags == static_cast<std::uint32_t>(ForkGoesOn::in_child)) {
      generations_.push_back(std::move(child));
      become_child();
      read_areas();
    }
    return result;
  }

  /// The calls that take a range and little else.
  std::int64_t change_range(const Call& call) {
    const Address start = call.address;
    const std::uint64_t length = call.length;
    switch (call.operation) {
      case Operation::munmap:
        return number_of(perform(space().plan_munmap(start, length)));
      case Operation::mprotect:
        return number_of(
            perform(space().plan_mprotect(start, length, Protection(call.protection))));
      case Operation::pkey_mprotect:
        return number_of(perform(
            space().plan_pkey_mprotect(start, length, Protection(call.protection), call.advice)));
      case Operation::madvise:
        return number_of(
            perform(space().plan_madvise(start, length, static_cast<Advice>(call.advice))));
      case Operation::mlock:
        return number_of(perform(space().plan_mlock(start, length, MlockMode::lock)));
      case Operation::mlock_on_fault:
        return number_of(perform(space().plan_mlock(start, length, MlockMode::lock_on_fault)));
      case Operation::munlock:
        return number_of(perform(space().plan_mlock(start, length, MlockMode::unlock)));
      case Operation::mseal:
        return number_of(perform(space().plan_mseal(start, length)));
      case Operation::msync:
        return number_of(perform(space().plan_msync(start, length, MsyncFlags(call.flags))));
      case Operation::mincore:
        return number_of(perform(space().plan_mincore(start, length)));
      default:
        return -ENOSYS;
    }
  }

  Shape shape_;
  Settings settings_;
  Limits as_started_;
  std::uint64_t locked_limit_ = Limits::no_limit;  // As the kernel has it.
  std::int64_t locked_excess_ = 0;
  bool excess_exceeds_limit_ = false;
  bool may_have_small_pages_ = false;  // Zero pages, which no identity tells of.
  std::int64_t committed_outside_ = 0;
  std::array<std::uint64_t, limited_count> hard_{};
  std::array<shims::File<S>, file_count> files_;
  std::array<shims::File<S>, 64> strangers_;
  Segments segments_;
  std::array<shims::SegmentId, segment_bytes.size()> segment_ids_{};
  std::array<typename Segments::Attachment, segment_bytes.size()> outside_{};
  /// The newest space is the one that goes on; the others are its ancestors, which still live.
  std::deque<std::unique_ptr<Space>> generations_;
  Picture expected_;
  const char* wrong_ = nullptr;
  bool modes_changed_ = false;
  bool low_is_random_ = false;
  bool has_segments_ = true;
};

}  // namespace

std::unique_ptr<ModelArena> make_model(const Shape& shape, const Machine& machine) {
  constexpr std::size_t default_capacity = shims::MapleTreeOptions{}.capacity;
  if (shape.small_nodes) return std::make_unique<ModelOf<4>>(shape, machine);
  return std::make_unique<ModelOf<default_capacity>>(shape, machine);
}

}  // namespace vmarea::live
