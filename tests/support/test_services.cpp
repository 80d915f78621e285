// SPDX-License-Identifier: MIT
#include "support/test_services.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include <fmt/core.h>

VMAREA_COMPILED_SPACE(vmarea::test::TestServices)

namespace vmarea::test {

static_assert(KernelServices<TestServices>);

namespace {

void record_hook(const char* what, const TestArea& area) noexcept {
  TestState& state = *static_cast<TestFile*>(area.file)->state;
  state.recorder.add(what, {state.geometry.pages(area.start), state.geometry.pages(area.end)});
}
void record_open(TestArea& area) noexcept {
  record_hook("open", area);
}
void record_close(TestArea& area) noexcept {
  record_hook("close", area);
}

}  // namespace

const AreaHooks<TestServices> recording_hooks{.open = record_open, .close = record_close};
const AreaHooks<TestServices> harmless_hooks{};

TestFile* TestState::make_file(const FileRules& rules, const AreaHooks<TestServices>* hooks) {
  TestFile& file = files.emplace_back();
  file.rules = rules;
  file.hooks = hooks;
  file.state = this;
  return &file;
}

TestState::~TestState() {
  expect_balanced();
  for (const Attributes* attributes : kept) attribute_table.release(TestHost(*this), attributes);
  EXPECT_EQ(contents.live, 0) << "contents of attributes";
}

const Attributes* TestState::attributes(const Attributes& content) {
  const Attributes* interned = attribute_table.intern(TestHost(*this), content);
  if (kept.insert(interned).second) attribute_table.retain(interned);
  return interned;
}

std::string TestState::take_events() {
  std::string text;
  for (const TestEvent& event : std::exchange(sent, {})) {
    if (!text.empty()) text += ", ";
    const std::uint64_t first = geometry.pages(event.range.start);
    const std::uint64_t upto = geometry.pages(event.range.end);
    if (event.kind == TestEvent::Kind::unmap) {
      text += fmt::format("unmap {} {:x}-{:x}", event.context, first, upto);
    } else if (event.kind == TestEvent::Kind::remap) {
      text += fmt::format("remap {} {:x}-{:x} {:x}", event.context, first, upto,
                          geometry.pages(event.to));
    } else {
      text += fmt::format("fork {} {}", event.context, event.to);
    }
  }
  return text;
}

void TestState::expect_balanced() const {
  EXPECT_EQ(areas.live, 0) << "areas";
  EXPECT_EQ(nodes.live, 0) << "tree nodes";
  EXPECT_EQ(links.live, 0) << "identity links and identities";
  EXPECT_EQ(tables.live, 0) << "page tables";
  EXPECT_EQ(shared_memories, 0) << "files of anonymous shared memory";
  EXPECT_EQ(charged, 0u) << "pages of the commit charge";
  for (const TestFile& file : files) {
    EXPECT_EQ(file.references, 0u) << "references to a file";
    EXPECT_TRUE(file.own_mapping.areas.empty()) << "areas in the tree of a file";
    EXPECT_EQ(file.own_mapping.writable_count, 0u) << "writable mappings of a file";
  }
  std::map<const Attributes*, std::uint64_t> references;
  for (const Attributes* each : kept) references[each] = 1;
  attribute_table.for_each([&](const shims::InternedContent& content) {
    if (content.rest != nullptr) ++references[content.rest];
  });
  attribute_table.for_each([&](const shims::InternedContent& content) {
    EXPECT_EQ(content.references, references[&content]) << "references to attributes";
  });
}

void* TestState::allocate(Balance& balance, std::size_t bytes, std::size_t alignment) {
  EXPECT_FALSE(allocation_forbidden) << "allocated after reserve";
  ++balance.live;
  ++balance.ever;
  return ::operator new (bytes, std::align_val_t{alignment});
}

void TestState::release(Balance& balance, void* object, std::size_t alignment) {
  --balance.live;
  ::operator delete (object, std::align_val_t{alignment});
}

Result<TestHost::FileHandle> TestHost::make_shared_memory(std::uint64_t bytes) noexcept {
  EXPECT_FALSE(state_->allocation_forbidden) << "made shared memory after reserve";
  ++state_->shared_memories;
  return MappedFiles::make_shared_memory(bytes);
}

Result<TestHost::FileHandle> TestHost::make_huge_memory(std::uint64_t bytes,
                                                        unsigned page_shift) noexcept {
  EXPECT_FALSE(state_->allocation_forbidden) << "made huge memory after reserve";
  const Result<FileHandle> file = MappedFiles::make_huge_memory(bytes, page_shift);
  if (file) ++state_->shared_memories;
  return file;
}

void TestHost::release_file(FileHandle file) noexcept {
  EXPECT_GT(file->references, 0u) << "a file is released more often than it was retained";
  if (file->owned_by_areas && file->references == 1) --state_->shared_memories;
  MappedFiles::release_file(file);
}

UserfaultRules TestHost::userfault_rules(UserfaultContext context) const noexcept {
  EXPECT_NE(context, 0u) << "asked about no context";
  const auto found = state_->userfaults.find(context);
  return found == state_->userfaults.end() ? UserfaultRules{} : found->second;
}

Result<void> TestHost::reserve_unmap_event(EventReservation& events, UserfaultContext context,
                                           Range range) noexcept {
  const TestEvent event{.kind = TestEvent::Kind::unmap, .context = context, .range = range};
  std::vector<TestEvent>& taken = events.events;
  if (std::find(taken.begin(), taken.end(), event) == taken.end()) taken.push_back(event);
  return {};
}

Result<void> TestHost::reserve_remap_event(EventReservation& events, UserfaultContext context,
                                           Range range, Address to) noexcept {
  events.events.push_back({TestEvent::Kind::remap, context, range, to});
  return {};
}

Result<UserfaultContext> TestHost::reserve_fork_event(EventReservation& events,
                                                      UserfaultContext context) noexcept {
  for (const TestEvent& event : events.events) {
    if (event.context == context) return event.to;
  }
  const UserfaultContext child = ++state_->last_child_context;
  state_->userfaults[child] = userfault_rules(context);
  events.events.push_back({TestEvent::Kind::fork, context, {}, child});
  return child;
}

void TestHost::send_events(EventReservation& events) noexcept {
  for (const TestEvent& event : std::exchange(events.events, {})) state_->sent.push_back(event);
}

Result<void> TestHost::charge(PageCount pages) noexcept {
  EXPECT_FALSE(state_->allocation_forbidden) << "charged after reserve";
  if (pages > state_->charge_max - state_->charged) return Error::no_memory;
  state_->charged += pages;
  return {};
}

void TestHost::uncharge(PageCount pages) noexcept {
  EXPECT_GE(state_->charged, pages) << "more uncharged than charged";
  state_->charged -= pages;
}

void TestHost::assertion_failed(const char* promise) noexcept {
  ADD_FAILURE() << "broken promise: " << promise << "\n" << current_call;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace vmarea::test
