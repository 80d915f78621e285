// SPDX-License-Identifier: MIT
#include "live/random_calls/model_pair.hpp"

namespace vmarea::live {
namespace {

/// The answer; what was put outside the arena is taken away again, as the comparison does.
std::int64_t answer(const Shape& shape, ModelArena& side, const Call& call) {
  const std::int64_t result = side.execute(call);
  if (is_elsewhere(shape, call, result)) {
    side.unmap(static_cast<std::uint64_t>(result), length_placed(call));
  }
  return result;
}

bool are_equal(const ModelArena& a, const ModelArena& b) {
  return compare(a.picture(), b.picture(), full_detail) == Difference::none &&
         a.totals() == b.totals();
}

}  // namespace

ModelPair::ModelPair(const Shape& shape, const KernelProfile& kernel)
    : shape_(shape), kernel_(kernel) {}

std::unique_ptr<ModelArena> ModelPair::make(const KernelProfile& profile) const {
  constexpr std::uint64_t memory_pages = 1 << 20;
  constexpr std::uint64_t behind_pages = 16;
  Machine machine;
  machine.profile = profile;
  machine.memory_pages = memory_pages;
  machine.limits.fill({RLIM_INFINITY, RLIM_INFINITY});
  // The arena, an area that nothing may touch, the crowd, and no room above them.
  machine.placement_end = shape_.end() + (behind_pages + shape_.crowd) * page;
  SeenArea behind;
  behind.start = shape_.end();
  behind.end = machine.placement_end - shape_.crowd * page;
  machine.surroundings.push_back(behind);
  for (std::uint64_t at = behind.end; at < machine.placement_end; at += page) {
    SeenArea one;
    one.start = at;
    one.end = at + page;
    machine.surroundings.push_back(one);
  }
  return make_model(shape_, machine);
}

std::optional<std::size_t> ModelPair::first_difference(const KernelProfile& profile,
                                                       const Sequence& sequence) const {
  const std::unique_ptr<ModelArena> kernel = make(kernel_);
  const std::unique_ptr<ModelArena> library = make(profile);
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const Call& call = sequence[i];
    if (!library->can_follow(call) || !kernel->can_follow(call)) continue;
    const bool same = answer(shape_, *kernel, call) == answer(shape_, *library, call);
    if (!same || !are_equal(*kernel, *library)) return i;
  }
  return {};
}

}  // namespace vmarea::live
