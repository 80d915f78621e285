// SPDX-License-Identifier: MIT
#ifndef NDEBUG
#error "this half is compiled with NDEBUG"
#endif
#include "unit.hpp"

const vmarea::mixed::Unit vmarea::mixed::with_ndebug = this_unit(true);
