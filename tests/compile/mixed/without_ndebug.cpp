// SPDX-License-Identifier: MIT
#ifdef NDEBUG
#error "this half is compiled without NDEBUG"
#endif
#include "unit.hpp"

const vmarea::mixed::Unit vmarea::mixed::without_ndebug = this_unit(false);
