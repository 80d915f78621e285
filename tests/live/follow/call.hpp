// SPDX-License-Identifier: MIT
//
// Which system calls are followed, what each is for us, and how a call reads in print.
//
//   modelled    the same call is made on an AddressSpace of ours and everything is compared
//   unmodelled  it changes areas, but there is no call of ours: areas are read from the kernel
//   process     fork and its kin: the space is copied or shared
//   attitude    changes no area, but how later calls behave (personality, another user namespace)
//   tracing     asks for a tracer, of which a task has one: us
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace follow {

// Numbers that the headers of the build host may lack; the ABI of x86-64 fixes them.
inline constexpr int number_map_shadow_stack = 453;
inline constexpr int number_mseal = 462;

enum class Treatment : std::uint8_t { modelled, unmodelled, process, attitude, tracing };

/// How an argument is printed.
enum class Argument : std::uint8_t {
  none,
  hex,
  decimal,
  protection,
  map_flags,
  remap_flags,
  advice,
};

/// One followed system call. For `selector`, only calls whose argument of that index is accepted by
/// the filter are followed (prctl and the like).
struct CallKind {
  int number;
  std::string_view name;
  Treatment treatment;
  std::array<Argument, 6> arguments;
};

/// All followed kinds, in no order.
std::span<const CallKind> call_kinds();
/// Null where the number is not followed.
const CallKind* find_call_kind(std::uint64_t number);

/// A call as it was seen at its entry.
struct Call {
  const CallKind* kind = nullptr;
  std::array<std::uint64_t, 6> arguments{};
};

/// "PROT_READ|PROT_WRITE".
std::string print_argument(Argument how, std::uint64_t value);
/// "mprotect(0x7f.., 4096, PROT_READ)".
std::string print_call(const Call& call);
/// "0x7f.." or "-1 ENOMEM (Cannot allocate memory)", from the raw value of the kernel.
std::string print_result(std::int64_t raw);
/// "ENOMEM"; decimal where the number has no name.
std::string errno_name(int number);

}  // namespace follow
