// SPDX-License-Identifier: MIT OR GPL-2.0-only
//
// Run in the kernel: write down the areas of the calling process, or of another one, in a range, as
// the kernel's own iterator gives them; and which tasks of a process sleep. The kernel describes its
// types itself, in /sys/kernel/btf/vmlinux; declared here are the few members that are read, and
// loading looks up where they lie. Only programs that are free under the GPL, too, may use the
// iterators.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "area_view.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct vm_area_struct {
  unsigned long vm_start;
  unsigned long vm_end;
  unsigned long vm_flags;
  unsigned long vm_pgoff;
  void* vm_file;
  void* anon_vma;
};
struct task_struct {
  int pid;
  unsigned int __state;
  int on_rq;
  unsigned long nvcsw;
  unsigned long nivcsw;
};
#pragma clang attribute pop

struct bpf_iter_task_vma {
  __u64 opaque[1];
};
extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma* iterator, struct task_struct* task,
                                 __u64 address) __ksym;
extern struct vm_area_struct* bpf_iter_task_vma_next(struct bpf_iter_task_vma* iterator) __ksym;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma* iterator) __ksym;
// Weak: who views the calling process does without them.
extern struct task_struct* bpf_task_from_pid(__s32 number) __ksym __weak;
extern void bpf_task_release(struct task_struct* task) __ksym __weak;

struct bpf_iter_task {
  __u64 opaque[3];
};
extern int bpf_iter_task_new(struct bpf_iter_task* iterator, struct task_struct* task,
                             unsigned int flags) __ksym __weak;
extern struct task_struct* bpf_iter_task_next(struct bpf_iter_task* iterator) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task* iterator) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct AreaView);
} views SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct TaskView);
} tasks SEC(".maps");

static __attribute__((always_inline)) int view(const struct AreaRequest* request,
                                               struct task_struct* task) {
  const __u32 number = request->view;
  const unsigned long end = request->end;
  struct AreaView* view = bpf_map_lookup_elem(&views, &number);
  struct bpf_iter_task_vma iterator;
  struct vm_area_struct* area;
  if (view == 0) return 1;
  view->count = 0;
  const int failed = bpf_iter_task_vma_new(&iterator, task, request->start);
  while ((area = bpf_iter_task_vma_next(&iterator)) != 0) {
    // Counted in the view: of a count in a register the verifier would try every value.
    const unsigned long at = view->count;
    if (area->vm_start >= end || at >= AREA_VIEW_CAPACITY) break;
    struct ViewedArea* viewed = &view->areas[at];
    viewed->start = area->vm_start;
    viewed->end = area->vm_end;
    viewed->bits = area->vm_flags;
    viewed->page_offset = area->vm_pgoff;
    viewed->file = (unsigned long)area->vm_file;
    viewed->identity = (unsigned long)area->anon_vma;
    view->count = at + 1;
  }
  bpf_iter_task_vma_destroy(&iterator);
  return failed != 0;
}

/// Areas that have a byte in [start, end). Not 0 if they could not be walked.
SEC("syscall")
int view_areas(struct AreaRequest* request) {
  return view(request, (void*)bpf_get_current_task_btf());
}

/// The same of another task, by its number in the first namespace.
SEC("syscall")
int view_areas_of_task(struct AreaRequest* request) {
  struct task_struct* task = bpf_task_from_pid((__s32)request->task);
  int failed = 1;
  if (task == 0) return failed;
  failed = view(request, task);
  bpf_task_release(task);
  return failed;
}

/// All tasks of the process of a task. Not 0 if they could not be walked.
SEC("syscall")
int view_tasks(struct AreaRequest* request) {
  const unsigned int tasks_of_process = 2;
  const unsigned int interruptible = 1;
  const __u32 number = 0;
  struct TaskView* view = bpf_map_lookup_elem(&tasks, &number);
  struct task_struct* task = bpf_task_from_pid((__s32)request->task);
  struct task_struct* other;
  struct bpf_iter_task iterator;
  int failed = 1;
  if (task == 0) return failed;
  if (view != 0) {
    view->count = 0;
    bpf_rcu_read_lock();
    failed = bpf_iter_task_new(&iterator, task, tasks_of_process) != 0;
    while ((other = bpf_iter_task_next(&iterator)) != 0) {
      const unsigned long at = view->count;
      if (at >= TASK_VIEW_CAPACITY) break;
      struct ViewedTask* viewed = &view->tasks[at];
      viewed->task = (unsigned long)other->pid;
      // What sleeps counts a switch when it has gone to sleep, and none as long as it does.
      viewed->switches = other->nvcsw + other->nivcsw;
      viewed->asleep = (other->__state & interruptible) != 0 && other->on_rq == 0;
      view->count = at + 1;
    }
    bpf_iter_task_destroy(&iterator);
    bpf_rcu_read_unlock();
  }
  bpf_task_release(task);
  return failed;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
