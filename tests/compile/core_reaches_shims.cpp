// SPDX-License-Identifier: MIT
//
// Stands for a core header that includes a shim: with the include root of the core alone it must
// be refused, with those of the shims it must compile.
#include <vmarea/host/area_tree.hpp>
#ifdef VMAREA_MUST_NOT_COMPILE
#include <vmarea_shims/maple_tree.hpp>
#endif
