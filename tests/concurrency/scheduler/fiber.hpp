// SPDX-License-Identifier: MIT
//
// Threads of a simulation: stacks of their own in one thread, switched by hand.
//
//   Fiber main;                         the stack that is there already
//   Fiber other(run, argument);         run(argument) begins at the first switch, and never returns
//   switch_fibers(main, other);         returns when something switches back to main
//
// Nothing in here knows an order. A fiber that is not gone on with keeps what lies on its stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define VMAREA_FIBERS_TELL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VMAREA_FIBERS_TELL_ASAN 1
#endif
#endif
#ifdef VMAREA_FIBERS_TELL_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace vmarea::test::scheduler {

#if defined(__x86_64__) && !defined(VMAREA_FIBERS_TELL_ASAN)
// A switch keeps what a function call keeps, and makes no system call as swapcontext does.
#define VMAREA_FIBERS_BY_HAND 1
extern "C" void vmarea_switch_stacks(void** from, void* to);
asm(R"(
.pushsection .text.vmarea_switch_stacks,"axG",@progbits,vmarea_switch_stacks,comdat
.weak vmarea_switch_stacks
.type vmarea_switch_stacks,@function
vmarea_switch_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size vmarea_switch_stacks,.-vmarea_switch_stacks
.popsection
)");
#endif

class Fiber {
 public:
  static constexpr std::size_t stack_bytes = std::size_t{256} << 10;

  Fiber() = default;
  Fiber(void (*run)(void*), void* argument)
      : run_(run), argument_(argument), stack_(new std::byte[stack_bytes]) {
#ifdef VMAREA_FIBERS_TELL_ASAN
    bottom_ = stack_.get();
    bytes_ = stack_bytes;
#endif
#ifdef VMAREA_FIBERS_BY_HAND
    // What the first switch takes from the stack: six registers, and where it returns to.
    auto top = reinterpret_cast<std::uintptr_t>(stack_.get() + stack_bytes) & ~std::uintptr_t{15};
    void** at = reinterpret_cast<void**>(top) - 2;
    *at = reinterpret_cast<void*>(&begin_by_hand);
    for (int i = 0; i < 6; ++i) *--at = nullptr;
    top_ = at;
#else
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_.get();
    context_.uc_stack.ss_size = stack_bytes;
    context_.uc_link = nullptr;
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&context_, reinterpret_cast<void (*)()>(&begin), 2,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
#endif
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  friend void switch_fibers(Fiber& from, Fiber& to) {
    last_left() = &from;
    arriving() = &to;
#ifdef VMAREA_FIBERS_TELL_ASAN
    __sanitizer_start_switch_fiber(&from.fake_stack_, to.bottom_, to.bytes_);
#endif
#ifdef VMAREA_FIBERS_BY_HAND
    vmarea_switch_stacks(&from.top_, to.top_);
#else
    swapcontext(&from.context_, &to.context_);
#endif
    from.arrive();
  }

 private:
  static Fiber*& last_left() {
    static Fiber* fiber = nullptr;
    return fiber;
  }
  static Fiber*& arriving() {
    static Fiber* fiber = nullptr;
    return fiber;
  }
#ifdef VMAREA_FIBERS_BY_HAND
  static void begin_by_hand() {
    arriving()->begin_here();
  }
#else
  static void begin(unsigned high, unsigned low) {
    const std::uintptr_t self = (std::uintptr_t{high} << 32) | low;
    reinterpret_cast<Fiber*>(self)->begin_here();
  }
#endif
  void begin_here() {
    arrive();
    run_(argument_);
  }
  /// The address sanitizer tells where the stack lies that was left, which for the first is news.
  void arrive() {
#ifdef VMAREA_FIBERS_TELL_ASAN
    Fiber* const left = last_left();
    __sanitizer_finish_switch_fiber(fake_stack_, &left->bottom_, &left->bytes_);
#endif
  }
  void (*run_)(void*) = nullptr;
  void* argument_ = nullptr;
  std::unique_ptr<std::byte[]> stack_;
#ifdef VMAREA_FIBERS_TELL_ASAN
  const void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
  void* fake_stack_ = nullptr;
#endif
#ifdef VMAREA_FIBERS_BY_HAND
  void* top_ = nullptr;
#else
  ucontext_t context_{};
#endif
};

}  // namespace vmarea::test::scheduler
