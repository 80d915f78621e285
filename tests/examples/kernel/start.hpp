// SPDX-License-Identifier: MIT
//
// What the start-up code gives the program, and what it calls.
#pragma once

namespace freestanding {

[[noreturn]] void exit(int code) noexcept;
/// To the console.
void write(const char* text) noexcept;

}  // namespace freestanding

/// The program; its answer is the exit code.
int run() noexcept;
