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

namespace {

template <class View>
void unmap(const View* views, unsigned count) {
  if (views != nullptr) munmap(const_cast<View*>(views), count * sizeof(View));
}

}  // namespace

AreaProgram::AreaProgram(unsigned views, Of of) : count_(views) {
  load(of);
}

AreaProgram::~AreaProgram() {
  for (const int program : {program_, task_program_}) {
    if (program >= 0) close(program);
  }
  unmap(views_, count_);
  unmap(tasks_, 1);
}

#ifdef VMAREA_AREA_PROGRAM

namespace {

/// Programs and the maps that they write to. What is not taken is not loaded, for the kernel may
/// not have what it needs.
class Object {
 public:
  Object()
      : object_(bpf_object__open_mem(
            vmarea_area_program,
            static_cast<std::size_t>(vmarea_area_program_end - vmarea_area_program), nullptr)) {
    bpf_program* program = nullptr;
    bpf_map* map = nullptr;
    if (object_ == nullptr) return;
    bpf_object__for_each_program(program, object_) bpf_program__set_autoload(program, false);
    bpf_object__for_each_map(map, object_) bpf_map__set_autocreate(map, false);
  }
  ~Object() { bpf_object__close(object_); }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  /// A program that writes so many views.
  void take(const char* name, const char* map_name, unsigned count) {
    if (object_ == nullptr) return;
    bpf_program__set_autoload(bpf_object__find_program_by_name(object_, name), true);
    bpf_map* const map = bpf_object__find_map_by_name(object_, map_name);
    bpf_map__set_autocreate(map, true);
    bpf_map__set_max_entries(map, count);
  }

  bool load() { return object_ != nullptr && bpf_object__load(object_) == 0; }

  /// Of what is loaded: a descriptor of the program, and where it writes; -1 without.
  template <class View>
  int use(const char* name, const char* map_name, const View*& views) {
    const bpf_map* const map = bpf_object__find_map_by_name(object_, map_name);
    const std::size_t size = bpf_map__max_entries(map) * sizeof(View);
    void* const at = mmap(nullptr, size, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
    if (at == MAP_FAILED) return -1;
    views = static_cast<const View*>(at);
    const bpf_program* const program = bpf_object__find_program_by_name(object_, name);
    return fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0);
  }

 private:
  bpf_object* object_;
};

bool run(int program, AreaRequest request) {
  bpf_test_run_opts options = {};
  options.sz = sizeof options;
  options.ctx_in = &request;
  options.ctx_size_in = sizeof request;
  return bpf_prog_test_run_opts(program, &options) == 0 && options.retval == 0;
}

}  // namespace

void AreaProgram::load(Of of) {
  const bool any = of == Of::any_task;
  libbpf_set_print(nullptr);
  if (!any || !load("view_areas_of_task", "view_tasks")) {
    load(any ? "view_areas_of_task" : "view_areas", nullptr);
  }
  if (program_ < 0) why_not_ = std::strerror(errno);
}

/// Both at once, since the kernel's types are read each time.
bool AreaProgram::load(const char* of_areas, const char* of_tasks) {
  Object object;
  object.take(of_areas, "views", count_);
  if (of_tasks != nullptr) object.take(of_tasks, "tasks", 1);
  if (!object.load()) return false;
  program_ = object.use(of_areas, "views", views_);
  if (of_tasks != nullptr) task_program_ = object.use(of_tasks, "tasks", tasks_);
  return true;
}

bool AreaProgram::read(unsigned view, std::uint64_t start, std::uint64_t end,
                       std::span<const ViewedArea>& areas, int task) const {
  if (!is_loaded()) return false;
  if (!run(program_, {view, start, end, static_cast<unsigned long>(task)})) return false;
  areas = {views_[view].areas, views_[view].count};
  return true;
}

bool AreaProgram::read_tasks(int task, std::span<const ViewedTask>& tasks) const {
  if (task_program_ < 0) return false;
  if (!run(task_program_, {0, 0, 0, static_cast<unsigned long>(task)})) return false;
  tasks = {tasks_->tasks, tasks_->count};
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

bool AreaProgram::read_tasks(int, std::span<const ViewedTask>&) const {
  return false;
}

#endif

}  // namespace vmarea::live
