// SPDX-License-Identifier: MIT
//
// One of the translation units: UNIT is what it is called, LEVEL what it is compiled for.
#include "unit.hpp"

#include <cstdint>
#include <typeinfo>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

/// A host of one's own is one for each machine, too, if it says so.
namespace guest {
inline namespace VMAREA_MACHINE {
struct Host : vmarea::shims::UserlandOf<Host> {};
}  // namespace VMAREA_MACHINE
}  // namespace guest

namespace {

using namespace vmarea;
constexpr std::uint64_t page = 0x1000;

/// Makes `count` calls on up to 3,000 areas, a tree of three levels, and says what there is then.
template <class Host>
std::string make_calls_on(unsigned count) {
  AddressSpace<Host> space;
  std::uint32_t random = 1;
  const auto draw = [&random](std::uint64_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % below;
  };
  std::string text;
  for (unsigned i = 0; i < count; ++i) {
    const Address at = 0x10000000 + draw(3000) * 4 * page + draw(4) * page;
    const std::uint64_t length = (1 + draw(6)) * page;
    const Protection protection = draw(2) == 0 ? prot::read : prot::read | prot::write;
    const std::uint64_t kind = draw(8);
    if (kind < 5) {
      (void)space.mmap({.address = at,
                        .length = length,
                        .protection = protection,
                        .flags = map::private_ | map::anonymous | map::fixed});
    } else if (kind == 5) {
      (void)space.munmap(at, length);
    } else if (kind == 6) {
      (void)space.mprotect(at, length, protection);
    } else if (const auto anywhere = space.mmap({.length = length, .protection = protection})) {
      text.append(std::to_string(*anywhere)).append(1, '\n');
    }
    const auto* const found = space.find(at + draw(64) * page);
    text.append(found == nullptr ? "-" : std::to_string(found->start)).append(1, '\n');
  }
  for (const auto& area : space.areas()) {
    for (const std::uint64_t word : {area.start, area.end, area.flags.bits()}) {
      text.append(std::to_string(word)).append(1, ' ');
    }
  }
  const char* const broken = space.state().tree.check();
  return text.append(broken == nullptr ? "sound" : broken).append(1, '\n');
}

std::string make_calls(unsigned count) {
  return make_calls_on<guest::Host>(count / 2) + make_calls_on<shims::Userland>(count);
}

}  // namespace

/// The linker keeps one of all that have this name, so its address tells types apart.
template <class T>
void function_of() {}

const Unit UNIT = {LEVEL, typeid(shims::Userland).name(),
                   reinterpret_cast<const void*>(&function_of<AddressSpace<shims::Userland>>),
                   make_calls};
