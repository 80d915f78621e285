// SPDX-License-Identifier: MIT
#include "live/random_calls/slate.hpp"

#include <cerrno>
#include <cstdlib>
#include <new>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmarea::live {

Counts& Counts::operator+=(const Counts& other) {
  calls += other.calls;
  sequences += other.sequences;
  calls_seen_whole += other.calls_seen_whole;
  smaps_readings += other.smaps_readings;
  areas_seen += other.areas_seen;
  deviations_met += other.deviations_met;
  for (unsigned kind = 0; kind < kind_count; ++kind) {
    calls_of_kind[kind] += other.calls_of_kind[kind];
    succeeded_of_kind[kind] += other.succeeded_of_kind[kind];
  }
  return *this;
}

SharedSlates::SharedSlates(std::size_t count) : count_(count) {
  void* memory = mmap(nullptr, count * sizeof(Slate), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) abort();
  slates_ = static_cast<Slate*>(memory);
  for (std::size_t i = 0; i < count; ++i) new (slates_ + i) Slate;
}

SharedSlates::~SharedSlates() {
  munmap(slates_, count_ * sizeof(Slate));
}

bool SharedSlates::anything_wrong() const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (static_cast<volatile Trouble&>(slates_[i].trouble) != Trouble::none) return true;
  }
  return false;
}

Counts sum(const SharedSlates& slates) {
  Counts counts;
  for (std::size_t i = 0; i < slates.size(); ++i) counts += slates[i].counts;
  return counts;
}

bool begin_child(int& child) {
  child = fork();
  if (child < 0) abort();
  return child == 0;
}

namespace {

/// A child that waited for a child of its own has written down the first death.
void note_death(Slate& slate, int status) {
  if (!WIFSIGNALED(status) || slate.trouble != Trouble::none) return;
  slate.trouble = Trouble::death;
  slate.signal = WTERMSIG(status);
}

}  // namespace

void await_child(Slate& slate, int child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  note_death(slate, status);
}

bool has_left(Slate& slate, int& child) {
  int status = 0;
  if (waitpid(child, &status, WNOHANG) != child) return false;
  note_death(slate, status);
  child = 0;
  return true;
}

void leave_child() {
  _exit(0);
}

}  // namespace vmarea::live
