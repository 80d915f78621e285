// SPDX-License-Identifier: MIT
//
// A 32-bit program that makes system calls as it is told on its input, and answers on its output
// what the kernel answered. It has neither a library nor memory of its own beside its stack.
//
//   in    number, six arguments      seven words; the number -1 writes a byte at the first argument
//   out   the answer                 a word; errors are negative

namespace {

using Word = unsigned;  // Of 32 bits.
static_assert(sizeof(Word) == 4 && sizeof(void*) == 4, "a 32-bit program");

// As <asm/unistd_32.h> has them.
constexpr Word exit_number = 1;
constexpr Word read_number = 3;
constexpr Word write_number = 4;
constexpr Word poke = ~Word{0};

struct Order {
  Word words[7];
};

Word call(const Order& order) {
  Word answer = 0;
  // All registers are taken: one holds the order at first, and what calls may not change is kept.
  asm volatile(
      "pushl %%ebx\n\t"
      "pushl %%ebp\n\t"
      "pushl (%%eax)\n\t"
      "movl 4(%%eax), %%ebx\n\t"
      "movl 8(%%eax), %%ecx\n\t"
      "movl 12(%%eax), %%edx\n\t"
      "movl 16(%%eax), %%esi\n\t"
      "movl 20(%%eax), %%edi\n\t"
      "movl 24(%%eax), %%ebp\n\t"
      "popl %%eax\n\t"
      "int $0x80\n\t"
      "popl %%ebp\n\t"
      "popl %%ebx"
      : "=a"(answer)
      : "a"(&order)
      : "ecx", "edx", "esi", "edi", "memory", "cc");
  return answer;
}

Word address_of(void* object) {
  return reinterpret_cast<Word>(object);
}

Word obey(const Order& order) {
  if (order.words[0] != poke) return call(order);
  *reinterpret_cast<volatile char*>(order.words[1]) = 1;
  return 0;
}

}  // namespace

extern "C" [[noreturn]] void _start() {
  Order order{};
  while (call({{read_number, 0, address_of(&order), sizeof order}}) == sizeof order) {
    Word answer = obey(order);
    call({{write_number, 1, address_of(&answer), sizeof answer}});
  }
  for (;;) call({{exit_number}});
}
