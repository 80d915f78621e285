// SPDX-License-Identifier: MIT
//
// A sentence for each type, constant and service that a host lacks, for the first line of the
// compiler's complaint. The concepts of services.hpp decide: the sentences are read for a host that
// they refuse, and each asks what its line there asks. Types and constants come first, since
// services are asked for with them.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "vmarea/host/services.hpp"

namespace vmarea {

// Clang-format 14 tears the requirements below apart.
// clang-format off

/// Whether services can be asked for: all that their parameters and conditions name is there.
template <class Host>
concept DeclaresNames = requires {
  typename Host::AreaData;
  typename Host::template Tree<Area<Host>>;
  typename Host::SpaceLock;
  typename Host::AreaLock;
  typename Host::ReadSection;
  typename Host::ReverseMapEntry;
  typename Host::LinkReservation;
  typename Host::PageTable;
  typename Host::FileHandle;
  typename Host::EventReservation;
  typename std::bool_constant<Host::has_data_rules>;
  typename std::bool_constant<Host::has_area_locks>;
  typename std::bool_constant<Host::has_lock_free_lookup>;
  typename std::bool_constant<Host::has_area_reads>;
  typename std::bool_constant<Host::has_lock_all>;
  typename std::bool_constant<Host::has_reverse_map>;
  typename std::bool_constant<Host::has_page_tables>;
  typename std::bool_constant<Host::has_userfault_events>;
  typename std::bool_constant<Host::has_notices>;
};

/// A complete host: there is nothing to say.
template <class Host>
struct EachService {};

/// Says which types and constants are missing.
template <class Host>
requires (!DeclaresNames<Host>)
struct EachService<Host> {
  static_assert(requires { typename Host::AreaData; }, "host: memory: the type AreaData");
  static_assert(requires { typename std::bool_constant<Host::has_data_rules>; },
                "host: own data: static constexpr bool has_data_rules");
  static_assert(requires { typename Host::template Tree<Area<Host>>; },
                "host: tree: the type Tree<Area<Host>>, from a template Tree");
  static_assert(requires { typename Host::SpaceLock; }, "host: locks: the type SpaceLock");
  static_assert(requires { typename Host::AreaLock; }, "host: locks: the type AreaLock");
  static_assert(requires { typename std::bool_constant<Host::has_area_locks>; },
                "host: locks: static constexpr bool has_area_locks");
  static_assert(requires { typename Host::ReadSection; }, "host: lookups: the type ReadSection");
  static_assert(requires { typename std::bool_constant<Host::has_lock_free_lookup>; },
                "host: lookups: static constexpr bool has_lock_free_lookup");
  static_assert(requires { typename std::bool_constant<Host::has_area_reads>; },
                "host: area reads: static constexpr bool has_area_reads");
  static_assert(requires { typename std::bool_constant<Host::has_lock_all>; },
                "host: lock all: static constexpr bool has_lock_all");
  static_assert(requires { typename Host::ReverseMapEntry; },
                "host: reverse map: the type ReverseMapEntry");
  static_assert(requires { typename Host::LinkReservation; },
                "host: reverse map: the type LinkReservation");
  static_assert(requires { typename std::bool_constant<Host::has_reverse_map>; },
                "host: reverse map: static constexpr bool has_reverse_map");
  static_assert(requires { typename Host::PageTable; }, "host: pages: the type PageTable");
  static_assert(requires { typename std::bool_constant<Host::has_page_tables>; },
                "host: pages: static constexpr bool has_page_tables");
  static_assert(requires { typename Host::FileHandle; }, "host: files: the type FileHandle");
  static_assert(requires { typename Host::EventReservation; },
                "host: userfaultfd: the type EventReservation");
  static_assert(requires { typename std::bool_constant<Host::has_userfault_events>; },
                "host: userfaultfd: static constexpr bool has_userfault_events");
  static_assert(requires { typename std::bool_constant<Host::has_notices>; },
                "host: notices: static constexpr bool has_notices");
};

/// Says which services are missing, misspelt, not const, not noexcept, or of other types.
template <class Host>
requires DeclaresNames<Host> && (!KernelServices<Host>)
struct EachService<Host> {
  // What services are called on, and with: declared for the sentences, defined nowhere.
  static Host& s;
  static const Host& planning;
  using AreaData = typename Host::AreaData;
  using FileHandle = typename Host::FileHandle;
  static void* object;
  static std::size_t bytes;
  static DataRules<Host>& rules;
  static const DataRules<Host>& joining;
  static AreaData& data;
  static const AreaData& seen;
  static const DataCut& cut;
  static const DataSeam& seam;
  static typename Host::SpaceLock& space;
  static typename Host::AreaLock& lock;
  static typename Host::ReadSection section;
  static FileHandle file;
  static AnonIdentity identity;
  static Area<Host>& area;
  static const Area<Host>& source;
  static typename Host::LinkReservation& links;
  static typename Host::PageTable& pages;
  static const typename Host::PageTable& parent;
  static Range range;
  static Address at;
  static Flags flags;
  static Description<Host>& wanted;
  static const Attributes& content;
  static const Attributes* attributes;
  static UserfaultContext context;
  static typename Host::EventReservation& events;
  static PageCount count;
  static unsigned page_shift;
  static const char* promise;

  static_assert(requires { { s.allocate_area(bytes, bytes) } noexcept -> std::same_as<void*>; },
                "host: memory: allocate_area(size_t bytes, size_t alignment) noexcept -> void*");
  static_assert(requires { { s.release_area(object, bytes, bytes) } noexcept; },
                "host: memory: release_area(void*, size_t bytes, size_t alignment) noexcept");
  static_assert(requires { { s.retire_area(object, bytes, bytes) } noexcept; },
                "host: memory: retire_area(void*, size_t bytes, size_t alignment) noexcept");
  static_assert(std::is_nothrow_default_constructible_v<AreaData> &&
                    std::is_nothrow_copy_assignable_v<AreaData> &&
                    std::is_nothrow_move_assignable_v<AreaData> &&
                    std::is_nothrow_copy_constructible_v<AreaData> &&
                    std::is_nothrow_destructible_v<AreaData>,
                "host: memory: AreaData is made, copied, moved and destroyed without exceptions");

  static_assert(requires { { joining.may_join(seen, seen) } noexcept -> std::same_as<bool>; },
                "host: own data: may_join(const AreaData&, const AreaData&) const noexcept"
                " -> bool");
  static_assert(requires { { rules.split_data(data, cut) } noexcept -> std::same_as<AreaData>; },
                "host: own data: split_data(AreaData&, const DataCut&) noexcept -> AreaData");
  static_assert(requires { { rules.join_data(data, data, seam) } noexcept; },
                "host: own data: join_data(AreaData&, AreaData&, const DataSeam&) noexcept");
  static_assert(Host::has_data_rules || !DecidesAboutData<Host>,
                "host: own data: has_data_rules is true where there is a may_join");

  static_assert(AreaTree<typename Host::template Tree<Area<Host>>, Area<Host>>,
                "host: tree: Tree<Area<Host>> is an AreaTree");
  static_assert(requires { { s.template make_tree<Area<Host>>() }
                             -> std::same_as<typename Host::template Tree<Area<Host>>>; },
                "host: tree: make_tree() -> Tree<Node>, a template over Node");

  static_assert(Host::has_area_locks || std::is_empty_v<typename Host::AreaLock>,
                "host: locks: an AreaLock is empty without has_area_locks");
  static_assert(requires { { s.lock_space(space) } noexcept -> std::same_as<Result<void>>; },
                "host: locks: lock_space(SpaceLock&) noexcept -> Result<void>");
  static_assert(requires { { s.unlock_space(space) } noexcept; },
                "host: locks: unlock_space(SpaceLock&) noexcept");
  static_assert(requires { { planning.lock_space_shared(space) } noexcept
                             -> std::same_as<Result<void>>; },
                "host: locks: lock_space_shared(SpaceLock&) const noexcept -> Result<void>");
  static_assert(requires { { planning.unlock_space_shared(space) } noexcept; },
                "host: locks: unlock_space_shared(SpaceLock&) const noexcept");
  static_assert(requires { { s.assert_space_locked(space) } noexcept; },
                "host: locks: assert_space_locked(SpaceLock&) noexcept");
  static_assert(requires { { s.begin_area_write(space, lock) } noexcept; },
                "host: locks: begin_area_write(SpaceLock&, AreaLock&) noexcept");
  static_assert(requires { { s.attach_area(space, lock) } noexcept; },
                "host: locks: attach_area(SpaceLock&, AreaLock&) noexcept");
  static_assert(requires { { s.detach_area(lock) } noexcept; },
                "host: locks: detach_area(AreaLock&) noexcept");
  static_assert(requires { { s.lock_file_mapping(file) } noexcept; },
                "host: locks: lock_file_mapping(FileHandle) noexcept");
  static_assert(requires { { s.unlock_file_mapping(file) } noexcept; },
                "host: locks: unlock_file_mapping(FileHandle) noexcept");
  static_assert(requires { { s.lock_identity(identity) } noexcept; },
                "host: locks: lock_identity(AnonIdentity) noexcept");
  static_assert(requires { { s.unlock_identity(identity) } noexcept; },
                "host: locks: unlock_identity(AnonIdentity) noexcept");

  static_assert(!Host::has_lock_free_lookup ||
                LookupTree<typename Host::template Tree<Area<Host>>, Area<Host>>,
                "host: lookups: Tree<Area<Host>> is a LookupTree that tells AreaFacts");
  static_assert(!Host::has_lock_free_lookup ||
                requires { { planning.begin_read_section() } noexcept
                             -> std::same_as<typename Host::ReadSection>; },
                "host: lookups: begin_read_section() const noexcept -> ReadSection");
  static_assert(!Host::has_lock_free_lookup ||
                requires { { planning.end_read_section(section) } noexcept; },
                "host: lookups: end_read_section(ReadSection) const noexcept");

  static_assert(!Host::has_area_reads || (Host::has_area_locks && Host::has_lock_free_lookup),
                "host: area reads: they want has_area_locks and has_lock_free_lookup");
  static_assert(!Host::has_area_reads ||
                requires { { planning.begin_area_read(space, lock) } noexcept
                             -> std::same_as<bool>; },
                "host: area reads: begin_area_read(SpaceLock&, AreaLock&) const noexcept"
                " -> bool");
  static_assert(!Host::has_area_reads ||
                requires { { planning.end_area_read(lock) } noexcept; },
                "host: area reads: end_area_read(AreaLock&) const noexcept");

  static_assert(!Host::has_lock_all || requires { { s.begin_lock_all() } noexcept; },
                "host: lock all: begin_lock_all() noexcept");
  static_assert(!Host::has_lock_all || requires { { s.end_lock_all() } noexcept; },
                "host: lock all: end_lock_all() noexcept");
  static_assert(!Host::has_lock_all ||
                requires { { s.signal_pending() } noexcept -> std::same_as<bool>; },
                "host: lock all: signal_pending() noexcept -> bool");
  static_assert(!Host::has_lock_all ||
                requires { { s.mark_file_mapping(file) } noexcept -> std::same_as<bool>; },
                "host: lock all: mark_file_mapping(FileHandle) noexcept -> bool");
  static_assert(!Host::has_lock_all ||
                requires { { s.unmark_file_mapping(file) } noexcept -> std::same_as<bool>; },
                "host: lock all: unmark_file_mapping(FileHandle) noexcept -> bool");
  static_assert(!Host::has_lock_all ||
                requires { { s.mark_identity(identity) } noexcept -> std::same_as<bool>; },
                "host: lock all: mark_identity(AnonIdentity) noexcept -> bool");
  static_assert(!Host::has_lock_all ||
                requires { { s.unmark_identity(identity) } noexcept -> std::same_as<bool>; },
                "host: lock all: unmark_identity(AnonIdentity) noexcept -> bool");

  static_assert(!Host::has_reverse_map ||
                requires { { s.reserve_links(links, source) } noexcept
                             -> std::same_as<Result<void>>; },
                "host: reverse map: reserve_links(LinkReservation&, const Area<Host>&) noexcept"
                " -> Result<void>");
  static_assert(!Host::has_reverse_map ||
                requires { { s.reserve_identity(links) } noexcept -> std::same_as<Result<void>>; },
                "host: reverse map: reserve_identity(LinkReservation&) noexcept -> Result<void>");
  static_assert(!Host::has_reverse_map ||
                requires { { s.reserve_fork(links, source) } noexcept
                             -> std::same_as<Result<void>>; },
                "host: reverse map: reserve_fork(LinkReservation&, const Area<Host>&) noexcept"
                " -> Result<void>");
  static_assert(!Host::has_reverse_map || requires { { s.unreserve_links(links) } noexcept; },
                "host: reverse map: unreserve_links(LinkReservation&) noexcept");
  static_assert(!Host::has_reverse_map ||
                requires { { s.new_identity(links, area) } noexcept
                             -> std::same_as<AnonIdentity>; },
                "host: reverse map: new_identity(LinkReservation&, Area<Host>&) noexcept"
                " -> AnonIdentity");
  static_assert(!Host::has_reverse_map ||
                requires { { s.clone_links(links, area, source) } noexcept; },
                "host: reverse map: clone_links(LinkReservation&, Area<Host>&,"
                " const Area<Host>&) noexcept");
  static_assert(!Host::has_reverse_map ||
                requires { { s.fork_links(links, area, source) } noexcept
                             -> std::same_as<AnonIdentity>; },
                "host: reverse map: fork_links(LinkReservation&, Area<Host>&,"
                " const Area<Host>&) noexcept -> AnonIdentity");
  static_assert(!Host::has_reverse_map || requires { { s.leave_trees(area) } noexcept; },
                "host: reverse map: leave_trees(Area<Host>&) noexcept");
  static_assert(!Host::has_reverse_map || requires { { s.enter_trees(area) } noexcept; },
                "host: reverse map: enter_trees(Area<Host>&) noexcept");
  static_assert(!Host::has_reverse_map || requires { { s.unlink(area) } noexcept; },
                "host: reverse map: unlink(Area<Host>&) noexcept");

  static_assert(!Host::has_page_tables || requires { { s.unmap_pages(pages, range) } noexcept; },
                "host: pages: unmap_pages(PageTable&, Range) noexcept");
  static_assert(!Host::has_page_tables ||
                requires { { s.free_tables(pages, range, range) } noexcept; },
                "host: pages: free_tables(PageTable&, Range of_tables,"
                " Range floor_and_ceiling) noexcept");
  static_assert(!Host::has_page_tables ||
                requires { { s.reserve_page_move(pages, range, at) } noexcept
                             -> std::same_as<Result<void>>; },
                "host: pages: reserve_page_move(PageTable&, Range, Address) noexcept"
                " -> Result<void>");
  static_assert(!Host::has_page_tables || requires { { s.move_pages(pages, range, at) } noexcept; },
                "host: pages: move_pages(PageTable&, Range, Address) noexcept");
  static_assert(!Host::has_page_tables ||
                requires { { s.protect_pages(pages, range, flags) } noexcept; },
                "host: pages: protect_pages(PageTable&, Range, Flags) noexcept");
  static_assert(!Host::has_page_tables ||
                requires { { s.reserve_page(pages, at) } noexcept -> std::same_as<Result<void>>; },
                "host: pages: reserve_page(PageTable&, Address) noexcept -> Result<void>");
  static_assert(!Host::has_page_tables || requires { { s.install_page(pages, at) } noexcept; },
                "host: pages: install_page(PageTable&, Address) noexcept");
  static_assert(!Host::has_page_tables || requires { { s.unreserve_pages(pages) } noexcept; },
                "host: pages: unreserve_pages(PageTable&) noexcept");
  static_assert(!Host::has_page_tables ||
                requires { { s.copy_pages(pages, parent, range) } noexcept
                             -> std::same_as<Result<void>>; },
                "host: pages: copy_pages(PageTable&, const PageTable&, Range) noexcept"
                " -> Result<void>");

  static_assert(std::equality_comparable<FileHandle>, "host: files: FileHandle is compared by ==");
  static_assert(requires { { planning.file_rules(file) } noexcept -> std::same_as<FileRules>; },
                "host: files: file_rules(FileHandle) const noexcept -> FileRules");
  static_assert(requires { { planning.prepare_mapping(file, wanted) } noexcept
                             -> std::same_as<Result<void>>; },
                "host: files: prepare_mapping(FileHandle, Description<Host>&) const noexcept"
                " -> Result<void>");
  static_assert(requires { { s.make_shared_memory(wanted.end) } noexcept
                             -> std::same_as<Result<FileHandle>>; },
                "host: files: make_shared_memory(uint64_t bytes) noexcept -> Result<FileHandle>");
  static_assert(requires { { s.make_huge_memory(wanted.end, page_shift) } noexcept
                             -> std::same_as<Result<FileHandle>>; },
                "host: files: make_huge_memory(uint64_t bytes, unsigned page_shift) noexcept"
                " -> Result<FileHandle>");
  static_assert(requires { { s.retain_file(file) } noexcept; },
                "host: files: retain_file(FileHandle) noexcept");
  static_assert(requires { { s.release_file(file) } noexcept; },
                "host: files: release_file(FileHandle) noexcept");

  static_assert(requires { { planning.intern_attributes(content) } noexcept
                             -> std::same_as<const Attributes*>; },
                "host: attributes: intern_attributes(const Attributes&) const noexcept"
                " -> const Attributes*");
  static_assert(requires { { s.begin_interning() } noexcept; },
                "host: attributes: begin_interning() noexcept");
  static_assert(requires { { s.end_interning() } noexcept; },
                "host: attributes: end_interning() noexcept");
  static_assert(requires { { s.retain_attributes(attributes) } noexcept; },
                "host: attributes: retain_attributes(const Attributes*) noexcept");
  static_assert(requires { { s.release_attributes(attributes) } noexcept; },
                "host: attributes: release_attributes(const Attributes*) noexcept");

  static_assert(requires { { planning.userfault_rules(context) } noexcept
                             -> ValueOf<UserfaultRules>; },
                "host: userfaultfd: userfault_rules(UserfaultContext) const noexcept"
                " -> UserfaultRules");
  static_assert(!Host::has_userfault_events ||
                requires { { s.reserve_unmap_event(events, context, range) } noexcept
                             -> std::same_as<Result<void>>; },
                "host: userfaultfd: reserve_unmap_event(EventReservation&, UserfaultContext,"
                " Range) noexcept -> Result<void>");
  static_assert(!Host::has_userfault_events ||
                requires { { s.reserve_remap_event(events, context, range, at) } noexcept
                             -> std::same_as<Result<void>>; },
                "host: userfaultfd: reserve_remap_event(EventReservation&, UserfaultContext,"
                " Range, Address) noexcept -> Result<void>");
  static_assert(!Host::has_userfault_events ||
                requires { { s.reserve_fork_event(events, context) } noexcept
                             -> std::same_as<Result<UserfaultContext>>; },
                "host: userfaultfd: reserve_fork_event(EventReservation&,"
                " UserfaultContext) noexcept -> Result<UserfaultContext>");
  static_assert(!Host::has_userfault_events || requires { { s.send_events(events) } noexcept; },
                "host: userfaultfd: send_events(EventReservation&) noexcept");
  static_assert(!Host::has_userfault_events ||
                requires { { s.unreserve_events(events) } noexcept; },
                "host: userfaultfd: unreserve_events(EventReservation&) noexcept");

  static_assert(requires { { planning.geometry() } noexcept -> ValueOf<Geometry>; },
                "host: limits: geometry() const noexcept -> Geometry");
  static_assert(requires { { planning.profile() } noexcept -> ValueOf<KernelProfile>; },
                "host: limits: profile() const noexcept -> KernelProfile");
  static_assert(requires { { planning.limits() } noexcept -> ValueOf<Limits>; },
                "host: limits: limits() const noexcept -> Limits");
  static_assert(requires { { s.charge(count) } noexcept -> std::same_as<Result<void>>; },
                "host: limits: charge(PageCount) noexcept -> Result<void>");
  static_assert(requires { { s.uncharge(count) } noexcept; },
                "host: limits: uncharge(PageCount) noexcept");

  static_assert(!Host::has_notices || TakesNotices<Host>,
                "host: notices: notify(const Notice<Host>&) noexcept");
  static_assert(Host::has_notices || !TakesNotices<Host>,
                "host: notices: has_notices is true where there is a notify");
  static_assert(requires { { Host::checks } -> std::convertible_to<bool>; },
                "host: promises: static constexpr bool checks");
  static_assert(requires { { Host::assertion_failed(promise) } noexcept; },
                "host: promises: assertion_failed(const char*) noexcept, a static function");
};

// clang-format on

}  // namespace vmarea
