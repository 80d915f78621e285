// SPDX-License-Identifier: MIT
//
// A host that declares page tables and has none.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

struct Host : vmarea::shims::UserlandOf<Host> {
#ifdef VMAREA_MUST_NOT_COMPILE
  static constexpr bool has_page_tables = true;
#else
  static constexpr bool has_page_tables = false;
#endif
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
