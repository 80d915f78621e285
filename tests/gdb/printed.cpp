// SPDX-License-Identifier: MIT
//
// Values for gdb to print; the program prints what gdb should say, a line each, and then stops in
// compare(), whose caller has them.
#include <cstdio>

#include <vmarea/string.hpp>
#include <vmarea_shims/userland.hpp>

namespace {

using Host = vmarea::shims::Userland;
using vmarea::Flags;

constexpr vmarea::Protection read_write = vmarea::prot::read | vmarea::prot::write;

[[gnu::noinline]] void compare() {
  asm volatile("");
}

template <class T>
void expect(const T& value) {
  std::puts(to_string(value).c_str());
}

const char* name_of(vmarea::Error error) {
  return error == vmarea::Error::none ? "success" : name(error);
}

struct Errors {
  using E = vmarea::Error;
  E each[17] = {E::none,      E::not_permitted, E::no_entry,      E::interrupted, E::bad_file,
                E::try_again, E::no_memory,     E::access_denied, E::bad_address, E::busy,
                E::exists,    E::no_device,     E::invalid,       E::file_busy,   E::no_space,
                E::overflow,  E::not_supported};
};

/// Areas of many kinds: enough that the tree has inner nodes.
void fill(vmarea::AddressSpace<Host>& space, vmarea::shims::File<Host>& file) {
  for (unsigned i = 0; i < 300; ++i) {
    const vmarea::Address at = 0x10'0000 + i * 0x3000;
    vmarea::MmapRequest<Host> request{.address = at, .length = 0x2000, .protection = read_write};
    request.flags = vmarea::map::fixed | vmarea::map::private_ | vmarea::map::anonymous;
    if (i % 3 == 1) request.flags = vmarea::map::fixed | vmarea::map::shared;
    if (i % 3 == 1) request.file = &file;
    (void)space.mmap(request);
    if (i % 3 == 0) (void)space.touch(at, vmarea::Touch::write);
    if (i % 3 == 2) (void)space.set_name(at, 0x1000, i);
  }
}

}  // namespace

int main() {
  vmarea::shims::File<Host> file;
  vmarea::AddressSpace<Host> space;
  fill(space, file);
  const vmarea::AddressSpace<Host> empty;
  const vmarea::Result<vmarea::Address> at = vmarea::Address{0x7fff'0000};
  const vmarea::Result<void> done;
  const vmarea::Result<void> refused = vmarea::Error::no_memory;
  const Errors errors;
  const Flags every_flag{~std::uint64_t{0}};
  const Flags no_flag;
  const vmarea::Protection protection = read_write;
  const vmarea::Range range{0x1000, 0x3000};
  vmarea::Description<Host> special;
  special.end = 0x1000;
  special.flags = vmarea::flag::read | vmarea::flag::may_read | vmarea::flag::may_share;
  special.hooks = &vmarea::no_hooks<Host>;
  special.identity = vmarea::AnonIdentity::of(6).as_fork_child();

  expect(at);
  std::puts(name_of(done.code()));
  std::puts(name_of(refused.error()));
  std::printf("{");
  for (const vmarea::Error& error : errors.each) {
    std::printf("%s%s", &error == errors.each ? "" : ", ", name_of(error));
  }
  std::puts("}");
  expect(every_flag);
  expect(no_flag);
  expect(protection);
  expect(range);
  expect(special);
  std::puts("0 areas");
  std::printf("%u areas = {\n", static_cast<unsigned>(space.area_count()));
  for (const auto& area : space.areas()) std::printf("%s\n", to_string(area).c_str());
  std::puts("}");
  std::fflush(stdout);
  compare();
  return 0;
}
