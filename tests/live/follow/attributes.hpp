// SPDX-License-Identifier: MIT
//
// Policies, userfaultfd contexts and names of a followed program, as numbers; and the one object
// for each combination, which lives as long as we do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>
#include <vmarea/host/absent.hpp>

#include "call.hpp"

namespace follow {

/// The attribute services of our host. Events of userfaultfd are for their readers alone; but who
/// asks for them has its context go along with memory that is moved or copied.
struct KeptAttributes : vmarea::NoAttributes {
  static constexpr bool has_userfault_events = true;
  struct EventReservation {};

  static const vmarea::Attributes* intern_attributes(const vmarea::Attributes& content) noexcept;
  static vmarea::UserfaultRules userfault_rules(vmarea::UserfaultContext context) noexcept;
  static vmarea::Result<void> reserve_unmap_event(EventReservation&, vmarea::UserfaultContext,
                                                  vmarea::Range) noexcept {
    return {};
  }
  static vmarea::Result<void> reserve_remap_event(EventReservation&, vmarea::UserfaultContext,
                                                  vmarea::Range, vmarea::Address) noexcept {
    return {};
  }
  static vmarea::Result<vmarea::UserfaultContext> reserve_fork_event(
      EventReservation&, vmarea::UserfaultContext context) noexcept {
    return context | context_of_child;
  }
  static void send_events(EventReservation&) noexcept {}
  static void unreserve_events(EventReservation&) noexcept {}

  /// In a context that fork made: which descriptor will stand for it is not known.
  static constexpr vmarea::UserfaultContext context_of_child = vmarea::UserfaultContext{1} << 63;
};

/// The context that a task's userfaultfd stands for, with the rules that it asked for; none where
/// the descriptor is something else.
std::optional<vmarea::UserfaultContext> find_userfault_context(pid_t task, int descriptor);

/// A number for each text; 0 for none.
std::uint64_t number_of(const std::string& text);
/// The text that was given this number; empty for 0.
const std::string& text_of(std::uint64_t number);

/// What an mbind asks for; 0 is the default policy. None where its nodes cannot be read.
std::optional<vmarea::MemoryPolicy> find_policy(pid_t task, const Call& call);

std::string read_memory(pid_t task, std::uint64_t address, std::size_t length);

}  // namespace follow
