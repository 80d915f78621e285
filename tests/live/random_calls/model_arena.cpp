// SPDX-License-Identifier: MIT
#include "live/random_calls/model_arena.hpp"

namespace vmarea::live {

// Empty until the calls have landed: everything fails.
struct ModelArena::Spaces {};

ModelArena::ModelArena() : spaces_(std::make_unique<Spaces>()) {}

ModelArena::~ModelArena() = default;

std::int64_t ModelArena::execute(const Call&) {
  return -1;
}

bool ModelArena::clear() {
  return true;
}

void ModelArena::unmap(std::uint64_t, std::uint64_t) {}

void ModelArena::read_areas(Picture& picture) const {
  picture.clear();
}

const char* ModelArena::what_is_broken() const {
  return nullptr;
}

}  // namespace vmarea::live
