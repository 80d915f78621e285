// SPDX-License-Identifier: MIT
//
// Flags of two meanings in one expression.
#include <vmarea/vmarea.hpp>

#ifdef VMAREA_MUST_NOT_COMPILE
constexpr auto mixed = vmarea::prot::read | vmarea::map::shared;
#else
constexpr auto mixed = vmarea::prot::read | vmarea::prot::write;
#endif
static_assert(!mixed.empty());
