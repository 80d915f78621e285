// SPDX-License-Identifier: MIT
//
// Makes a random call on a world, in the form that is wanted:
//
//   form.made(whole, plan)     whole() makes the call in one go, plan() begins it beat by beat; the
//                              form uses one of them and gives its answer
//   form.forked(world, where)  forks, which has no beats
#pragma once

#include <array>

#include "model/every_call/arguments.hpp"

namespace vmarea::test::every_call {

/// What a call answered.
struct Answer {
  Error error = Error::none;
  Address value = 0;
  friend bool operator==(const Answer&, const Answer&) = default;
};

template <class World, class Form>
class Play {
 public:
  Play(World& world, const Call& call, Form& form)
      : world_(world), space_(world.space()), kind_(call.kind), with_(world, call), form_(form) {}

  Answer run() {
    switch (kind_) {
      case Kind::map_anonymous:
      case Kind::map_shared:
      case Kind::map_file:
      case Kind::map_anywhere:
      case Kind::map_oddly:
        return made([&] { return space_.mmap(with_.mmap()); },
                    [&] { return space_.plan_mmap(with_.mmap()); });
      case Kind::resize:
      case Kind::move:
      case Kind::move_fixed:
      case Kind::move_resized:
      case Kind::keep:
      case Kind::keep_fixed:
      case Kind::duplicate:
        return made([&] { return space_.mremap(with_.mremap()); },
                    [&] { return space_.plan_mremap(with_.mremap()); });
      case Kind::lock:
      case Kind::lock2:
      case Kind::unlock:
      case Kind::lock_all:
      case Kind::unlock_all:
        return lock();
      case Kind::watch:
      case Kind::unwatch:
      case Kind::release:
        return watch();
      case Kind::set_policy:
      case Kind::set_home_node:
      case Kind::set_name:
        return set_attributes();
      case Kind::insert:
      case Kind::insert_special:
      case Kind::insert_stack:
      case Kind::loader_brk:
        return load();
      case Kind::merge_same_pages:
      case Kind::deny_write_exec:
      case Kind::seal:
        return set_mode();
      case Kind::touch:
      case Kind::grow_stack:
      case Kind::find_or_grow:
      case Kind::cover:
      case Kind::split:
      case Kind::relocate:
        return at_address();
      default:
        return other();
    }
  }

 private:
  using Host = typename World::Host;
  using State = SpaceState<Host>;
  using Plan = StepPlan<Host, void>;

  template <class Whole, class MakeChange>
  Answer made(Whole&& whole, MakeChange&& plan) {
    return answer_of(form_.made(whole, plan));
  }
  static Answer answer_of(const Result<void>& result) { return {result.code(), 0}; }
  static Answer answer_of(const Result<Address>& result) {
    return {result.code(), result ? *result : 0};
  }
  template <class MakePlan>
  Change<Host, Plan> change(MakePlan&& make_plan) {
    return {space_.state(), make_plan};
  }

  Answer lock() {
    const Address start = with_.start();
    const std::uint64_t length = with_.length();
    if (kind_ == Kind::lock2) {
      const MlockFlags flags{static_cast<std::uint32_t>(with_.number(1, 3))};
      return made([&] { return space_.mlock2(start, length, flags); },
                  [&] { return space_.plan_mlock2(start, length, flags); });
    }
    if (kind_ == Kind::lock_all) {
      const MlockallFlags flags{static_cast<std::uint32_t>(with_.number(1, 8))};
      return made([&] { return space_.mlockall(flags); },
                  [&] { return space_.plan_mlockall(flags); });
    }
    if (kind_ == Kind::unlock_all) {
      return made([&] { return space_.munlockall(); }, [&] { return space_.plan_munlockall(); });
    }
    const MlockMode mode = with_.mlock_mode();
    return made([&] { return space_.mlock(start, length, mode); },
                [&] { return space_.plan_mlock(start, length, mode); });
  }

  Answer watch() {
    const Address start = with_.start();
    const std::uint64_t length = with_.whole_length();
    const UserfaultContext context = with_.context();
    if (kind_ == Kind::release) {
      return made([&] { return space_.release_userfault(context); },
                  [&] { return space_.plan_release_userfault(context); });
    }
    if (kind_ == Kind::unwatch) {
      return made([&] { return space_.unregister_userfault(start, length, context); },
                  [&] { return space_.plan_unregister_userfault(start, length, context); });
    }
    return made([&] { return space_.register_userfault(with_.userfault()); },
                [&] { return space_.plan_register_userfault(with_.userfault()); });
  }

  Answer set_attributes() {
    const Address start = with_.start();
    const std::uint64_t length = with_.length();
    if (kind_ == Kind::set_policy) {
      const MemoryPolicy policy = with_.number(1, 4);
      return made([&] { return space_.mbind(start, length, policy); },
                  [&] { return space_.plan_mbind(start, length, policy); });
    }
    if (kind_ == Kind::set_home_node) {
      const HomeNode home = with_.home_node();
      return made([&] { return space_.set_home_node(start, length, home); },
                  [&] { return space_.plan_set_home_node(start, length, home); });
    }
    const MemoryName name = with_.number(1, 3);
    return made([&] { return space_.set_name(start, length, name); },
                [&] { return space_.plan_set_name(start, length, name); });
  }

  Answer load() {
    const Address start = with_.start();
    if (kind_ == Kind::insert) {
      return made([&] { return space_.insert(with_.area()); },
                  [&] { return space_.plan_insert(with_.area()); });
    }
    if (kind_ == Kind::insert_special) {
      return made([&] { return space_.insert_special(with_.special()); },
                  [&] { return space_.plan_insert_special(with_.special()); });
    }
    if (kind_ == Kind::insert_stack) {
      return made([&] { return space_.insert_initial_stack(start); },
                  [&] { return space_.plan_insert_initial_stack(start); });
    }
    const LoaderMemory kind = with_.number(1, 2) == 0 ? LoaderMemory::data : LoaderMemory::code;
    return made([&] { return space_.loader_brk(start, with_.length(), kind); },
                [&] { return space_.plan_loader_brk(start, with_.length(), kind); });
  }

  /// What cannot be taken back is rare, and not part of every sequence.
  Answer set_mode() {
    if (kind_ == Kind::merge_same_pages) {
      const auto wanted = with_.number(1, 2) == 0 ? SamePageMerging::on : SamePageMerging::off;
      return made([&] { return space_.set_memory_merge(wanted); },
                  [&] { return space_.plan_set_memory_merge(wanted); });
    }
    if (!world_.seals()) return {};
    if (kind_ == Kind::seal) {
      const Address start = with_.start();
      const SealFlags flags{with_.number(1, 16) == 0 ? 1u : 0u};
      return made([&] { return space_.mseal(start, with_.length(), flags); },
                  [&] { return space_.plan_mseal(start, with_.length(), flags); });
    }
    const WriteExecFlags wanted{with_.number(1, 4)};
    return made([&] { return space_.deny_write_exec(wanted); },
                [&] { return space_.plan_deny_write_exec(wanted); });
  }

  Answer other() {
    const Address start = with_.start();
    const std::uint64_t length = with_.length();
    switch (kind_) {
      case Kind::unmap:
        return made([&] { return space_.munmap(start, length); },
                    [&] { return space_.plan_munmap(start, length); });
      case Kind::protect: {
        const Protection wanted = with_.odd_protection();
        return made([&] { return space_.mprotect(start, length, wanted); },
                    [&] { return space_.plan_mprotect(start, length, wanted); });
      }
      case Kind::brk: {
        const Address wanted = with_.new_break();
        const Answer now = made([&] { return Result<Address>(space_.brk(wanted)); },
                                [&] { return space_.plan_brk(wanted); });
        // Beat by beat, it is the caller who answers with the old break.
        return now.error == Error::none ? now : Answer{Error::none, space_.layout().brk};
      }
      case Kind::attach:
        return made([&] { return space_.attach_shared(with_.attach()); },
                    [&] { return space_.plan_attach_shared(with_.attach()); });
      case Kind::sync: {
        const MsyncFlags flags{static_cast<std::uint32_t>(with_.number(1, 9))};
        return made([&] { return space_.msync(start, length, flags); },
                    [&] { return space_.plan_msync(start, length, flags); });
      }
      case Kind::advise_several: {
        const std::array<Range, 2> ranges = with_.two_ranges();
        const Result<std::uint64_t> bytes = space_.process_madvise(ranges, with_.advice());
        return {bytes.code(), bytes.value_or(0)};
      }
      case Kind::protect_key: {
        const Protection wanted = with_.odd_protection();
        const ProtectionKey key = static_cast<ProtectionKey>(with_.number(3, 3)) - 1;
        return made([&] { return space_.pkey_mprotect(start, length, wanted, key); },
                    [&] { return space_.plan_pkey_mprotect(start, length, wanted, key); });
      }
      case Kind::remap_file:
        return made(
            [&] {
              return space_.remap_file_pages(with_.remap_file()).transform([&] {
                return space_.services().geometry().round_down(start);
              });
            },
            [&] { return space_.plan_remap_file_pages(with_.remap_file()); });
      case Kind::in_core:
        return made([&] { return space_.mincore(start, length); },
                    [&] { return space_.plan_mincore(start, length); });
      case Kind::detach:
        return made([&] { return space_.detach_shared(with_.segment_start()); },
                    [&] { return space_.plan_detach_shared(with_.segment_start()); });
      case Kind::fork: {
        const bool goes = with_.number(1, 2) == 0;
        return answer_of(
            form_.forked(world_, goes ? World::GoOn::in_child : World::GoOn::in_parent));
      }
      default:
        return made([&] { return space_.madvise(start, length, with_.advice()); },
                    [&] { return space_.plan_madvise(start, length, with_.advice()); });
    }
  }

  Answer at_address() {
    const Address at = with_.start();
    switch (kind_) {
      case Kind::touch:
        return made([&] { return space_.touch(at, with_.touch()); },
                    [&] { return space_.plan_touch(at, with_.touch()); });
      case Kind::grow_stack:
        return made([&] { return space_.grow_stack(at); },
                    [&] { return space_.plan_grow_stack(at); });
      case Kind::find_or_grow: {
        (void)made([&] { return space_.find_or_grow(at), Result<void>(); },
                   [&] { return space_.plan_grow_stack(at, GrowthBy::lookup); });
        return {};
      }
      case Kind::cover: {
        const Coverage covered = space_.covers(at, with_.length(), with_.protection());
        return {covered ? Error::none : Error::bad_address, covered.upto};
      }
      case Kind::split:
        return made([&] { return space_.split(at); },
                    [&] { return change([&](const State& s) { return plan_split_at(s, at); }); });
      default:
        return made(
            [&] { return space_.relocate_down(at, with_.shift()); },
            [&] { return change([&](const State& s) { return plan_relocate_at(s, at); }); });
    }
  }

  // These two calls have no plan_ of their own.
  static Plan plan_split_at(const State& space, Address at) {
    Area<Host>* const area = find_object(space, at);
    if (area == nullptr) return Error::bad_address;
    if (!space.services.geometry().aligned(at)) return Error::invalid;
    if (area->start == at) return success;
    return plan_split(space, *area, at, NewPart::below);
  }
  Plan plan_relocate_at(const State& space, Address at) const {
    Area<Host>* const area = find_object(space, at);
    if (area == nullptr) return Error::bad_address;
    if (with_.shift() > area->start) return Error::invalid;
    return plan_relocate_down(space, *area, with_.shift());
  }

  World& world_;
  AddressSpace<Host>& space_;
  const Kind kind_;
  const Arguments<World> with_;
  Form& form_;
};

template <class World, class Form>
Answer play(World& world, const Call& call, Form& form) {
  current_call = text_of(call);
  world.host.faults.fail(call.fails_at);
  const Answer answer = Play<World, Form>(world, call, form).run();
  world.host.faults.fail(0);
  return answer;
}

}  // namespace vmarea::test::every_call
