// SPDX-License-Identifier: MIT
#include "live/area_program/area_program.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef VMAREA_AREA_PROGRAM
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

// The compiled program, as it lies in its file.
asm(".pushsection .rodata\n"
    ".balign 8\n"
    "vmarea_area_program: .incbin \"" VMAREA_AREA_PROGRAM
    "\"\n"
    "vmarea_area_program_end:\n"
    ".popsection\n");
extern "C" const char vmarea_area_program[];
extern "C" const char vmarea_area_program_end[];
#endif

namespace vmarea::live {

AreaProgram::AreaProgram(unsigned views) : count_(views) {
  load();
}

AreaProgram::~AreaProgram() {
  if (program_ >= 0) close(program_);
  if (views_ != nullptr) munmap(const_cast<AreaView*>(views_), count_ * sizeof(AreaView));
}

#ifdef VMAREA_AREA_PROGRAM

void AreaProgram::load() {
  libbpf_set_print(nullptr);
  const auto size = static_cast<std::size_t>(vmarea_area_program_end - vmarea_area_program);
  bpf_object* const object = bpf_object__open_mem(vmarea_area_program, size, nullptr);
  bpf_map* const map = object != nullptr ? bpf_object__find_map_by_name(object, "views") : nullptr;
  bpf_program* const program =
      object != nullptr ? bpf_object__find_program_by_name(object, "view_areas") : nullptr;
  if (map != nullptr && program != nullptr && bpf_map__set_max_entries(map, count_) == 0 &&
      bpf_object__load(object) == 0) {
    void* const views =
        mmap(nullptr, count_ * sizeof(AreaView), PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
    if (views != MAP_FAILED) views_ = static_cast<const AreaView*>(views);
    if (views_ != nullptr) program_ = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0);
  }
  if (program_ < 0) why_not_ = std::strerror(errno);
  bpf_object__close(object);
}

bool AreaProgram::read(unsigned view, std::uint64_t start, std::uint64_t end,
                       std::span<const ViewedArea>& areas) const {
  if (!is_loaded()) return false;
  AreaRequest request = {view, start, end};
  bpf_test_run_opts options = {};
  options.sz = sizeof options;
  options.ctx_in = &request;
  options.ctx_size_in = sizeof request;
  if (bpf_prog_test_run_opts(program_, &options) != 0 || options.retval != 0) return false;
  areas = {views_[view].areas, views_[view].count};
  return true;
}

#else

void AreaProgram::load() {
  why_not_ = "this build has no program for the kernel";
}

bool AreaProgram::read(unsigned, std::uint64_t, std::uint64_t, std::span<const ViewedArea>&) const {
  return false;
}

#endif

}  // namespace vmarea::live
