// SPDX-License-Identifier: MIT
//
// Two address spaces of ours, one of which plays the kernel: what the comparison would find on a
// kernel with a profile, without one.
#pragma once

#include <cstddef>
#include <optional>

#include "live/random_calls/call.hpp"
#include "live/random_calls/model_arena.hpp"

namespace vmarea::live {

class ModelPair {
 public:
  /// The kernel that is played.
  ModelPair(const Shape& shape, const KernelProfile& kernel);

  /// The first call after which a space with this profile differs from the kernel in its answer, in
  /// an area, or in a count of pages.
  std::optional<std::size_t> first_difference(const KernelProfile& profile,
                                              const Sequence& sequence) const;

 private:
  std::unique_ptr<ModelArena> make(const KernelProfile& profile) const;

  Shape shape_;
  KernelProfile kernel_;
};

}  // namespace vmarea::live
