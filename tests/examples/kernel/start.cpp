// SPDX-License-Identifier: MIT
//
// What a program needs that has neither C library nor start-up files, for Linux on x86-64: where it
// starts, how it ends, and the four functions that compilers call on their own.
#include "start.hpp"

#include <cstddef>

/// The kernel enters here; the stack is aligned, but there is no address to return to.
extern "C" [[noreturn]] void start_on_aligned_stack() noexcept {
  freestanding::exit(run());
}
asm(R"(
.globl _start
.type _start, @function
_start:
  xor %ebp, %ebp
  and $-16, %rsp
  call start_on_aligned_stack
)");

namespace freestanding {
[[noreturn]] void exit(int code) noexcept {
  constexpr long exit_group = 231;
  for (;;) asm volatile("syscall" : : "a"(exit_group), "D"(code) : "rcx", "r11", "memory");
}

void write(const char* text) noexcept {
  std::size_t length = 0;
  while (text[length] != '\0') ++length;
  long number = 1;  // write
  asm volatile("syscall" : "+a"(number) : "D"(1L), "S"(text), "d"(length) : "rcx", "r11", "memory");
}
}  // namespace freestanding

// String instructions, because a compiler may turn a loop here into a call of itself.
extern "C" {
void* memcpy(void* to, const void* from, std::size_t bytes) {
  void* at = to;
  asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
  return to;
}

void* memmove(void* to, const void* from, std::size_t bytes) {
  char* last = static_cast<char*>(to) + bytes;
  const char* source = static_cast<const char*>(from) + bytes;
  if (to <= from || source <= to) return memcpy(to, from, bytes);
  --last;
  --source;
  asm volatile("std\n\trep movsb\n\tcld" : "+D"(last), "+S"(source), "+c"(bytes) : : "memory");
  return to;
}

void* memset(void* to, int value, std::size_t bytes) {
  void* at = to;
  asm volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
  return to;
}

int memcmp(const void* a, const void* b, std::size_t bytes) {
  const unsigned char* x = static_cast<const unsigned char*>(a);
  const unsigned char* y = static_cast<const unsigned char*>(b);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return 0;
}
}
