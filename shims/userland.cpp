// SPDX-License-Identifier: MIT
//
// The calls on the ready host, compiled once: all of the library vmarea::userland.
#include <vmarea/instantiate.hpp>
#include <vmarea_shims/userland.hpp>

VMAREA_COMPILED_SPACE(vmarea::shims::Userland)
