// SPDX-License-Identifier: MIT
//
// Policies, userfaultfd contexts and names of a followed program, as numbers; and the one object
// for each combination, which lives as long as we do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <sys/types.h>
#include <vmarea/host/absent.hpp>

#include "call.hpp"

namespace follow {

/// The attribute services of our host.
struct KeptAttributes : vmarea::NoAttributes {
  static const vmarea::Attributes* intern_attributes(const vmarea::Attributes& content) noexcept;
};

/// A number for each text; 0 for none.
std::uint64_t number_of(const std::string& text);
/// The text that was given this number; empty for 0.
const std::string& text_of(std::uint64_t number);

/// What an mbind asks for; 0 is the default policy.
vmarea::MemoryPolicy policy_of(pid_t task, const Call& call);

std::string read_memory(pid_t task, std::uint64_t address, std::size_t length);

}  // namespace follow
