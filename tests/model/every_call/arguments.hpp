// SPDX-License-Identifier: MIT
//
// What the numbers of a random call mean as arguments, in a world.
#pragma once

#include "model/every_call/world.hpp"

namespace vmarea::test::every_call {

class Arguments {
 public:
  Arguments(const World& world, const Call& call)
      : world_(world),
        call_(call),
        start_(column(call.from) + call.crooked_start),
        length_((call.pages << 12) - call.crooked_length) {}

  Address start() const { return start_; }
  std::uint64_t length() const { return length_; }
  std::uint64_t whole_length() const { return call_.pages << 12; }
  /// One of few places, so that what was attached there is found again.
  Address segment_start() const { return column(call_.from % 5 * 8) + call_.crooked_start; }
  std::uint64_t shift() const { return call_.to_pages << 12; }
  /// A part of the random number, below `limit`. Requires: limit < 256.
  std::uint64_t number(unsigned part, std::uint64_t limit) const {
    return (call_.choice >> 8 * part) % 256 % limit;
  }

  MmapRequest<TestServices> mmap() const;
  MremapRequest mremap() const;
  Protection protection() const;
  Protection odd_protection() const;
  Address new_break() const;
  Advice advice() const;
  MlockMode mlock_mode() const;
  UserfaultContext context() const { return number(1, 16) == 0 ? 0 : 1 + number(2, 3); }
  UserfaultRequest userfault() const;
  HomeNode home_node() const;
  AttachRequest<TestServices> attach() const;
  TestDescription area() const;
  SpecialRequest<TestServices> special() const;
  Touch touch() const;

 private:
  const World& world_;
  const Call& call_;
  const Address start_;
  const std::uint64_t length_;
};

}  // namespace vmarea::test::every_call
