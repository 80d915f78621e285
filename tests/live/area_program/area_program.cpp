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

AreaProgram::AreaProgram(unsigned views, Of of) : count_(views) {
  load(of);
}

AreaProgram::~AreaProgram() {
  if (program_ >= 0) close(program_);
  if (views_ != nullptr) munmap(const_cast<AreaView*>(views_), count_ * sizeof(AreaView));
}

#ifdef VMAREA_AREA_PROGRAM

void AreaProgram::load(Of of) {
  const bool any = of == Of::any_task;
  libbpf_set_print(nullptr);
  const auto size = static_cast<std::size_t>(vmarea_area_program_end - vmarea_area_program);
  bpf_object* const object = bpf_object__open_mem(vmarea_area_program, size, nullptr);
  bpf_map* const map = object != nullptr ? bpf_object__find_map_by_name(object, "views") : nullptr;
  const auto find = [&](const char* name) {
    return object != nullptr ? bpf_object__find_program_by_name(object, name) : nullptr;
  };
  bpf_program* const program = find(any ? "view_areas_of_task" : "view_areas");
  bpf_program* const other = find(any ? "view_areas" : "view_areas_of_task");
  if (other != nullptr) bpf_program__set_autoload(other, false);
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
                       std::span<const ViewedArea>& areas, int task) const {
  if (!is_loaded()) return false;
  AreaRequest request = {view, start, end, static_cast<unsigned long>(task)};
  bpf_test_run_opts options = {};
  options.sz = sizeof options;
  options.ctx_in = &request;
  options.ctx_size_in = sizeof request;
  if (bpf_prog_test_run_opts(program_, &options) != 0 || options.retval != 0) return false;
  areas = {views_[view].areas, views_[view].count};
  return true;
}

#else

void AreaProgram::load(Of) {
  why_not_ = "this build has no program for the kernel";
}

bool AreaProgram::read(unsigned, std::uint64_t, std::uint64_t, std::span<const ViewedArea>&,
                       int) const {
  return false;
}

#endif

}  // namespace vmarea::live
