// SPDX-License-Identifier: MIT
//
// Prepares this process for the comparison: memory for all that comes, then the crowd behind the
// arena, then a barrier in every hole above it. After that nothing of this process is mapped by
// itself any more.
#pragma once

#include <vector>

#include "live/random_calls/arena.hpp"
#include "live/random_calls/maps_reader.hpp"

namespace vmarea::live {

/// Makes the heap so large that it never grows again. To be called first, by the only thread.
void prepare_heap(const Shape& shape);

/// Whether the kernel draws addresses of this process by lot.
bool is_randomised();
/// Begins the program anew without that; returns where the system does not allow it, or where it is
/// so already.
void begin_unrandomised(char** words);

/// Where the kernel begins to look for room, downwards, when every hole above the arena is filled.
/// Errors end the program: without a barrier nothing that follows would mean anything.
std::uint64_t fill_surroundings(MapsReader& maps, const Shape& shape);

/// All areas of the process but those of the arena.
std::vector<SeenArea> read_surroundings(MapsReader& maps, const Shape& shape);

}  // namespace vmarea::live
