// SPDX-License-Identifier: MIT
#include "support/test_services.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>

template class vmarea::AddressSpace<vmarea::test::TestServices>;

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

const TestAttributes* TestState::attributes(const Attributes& content) {
  for (const TestAttributes& known : interned) {
    if (static_cast<const Attributes&>(known) == content) return &known;
  }
  TestAttributes& made = interned.emplace_back();
  static_cast<Attributes&>(made) = content;
  return &made;
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
  for (const TestAttributes& known : interned) {
    EXPECT_EQ(known.references, 0) << "references to attributes";
  }
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

void TestHost::release_file(FileHandle file) noexcept {
  EXPECT_GT(file->references, 0u) << "a file is released more often than it was retained";
  if (file->owned_by_areas && file->references == 1) --state_->shared_memories;
  MappedFiles::release_file(file);
}

void TestHost::retain_attributes(const Attributes* attributes) noexcept {
  ++const_cast<TestAttributes*>(static_cast<const TestAttributes*>(attributes))->references;
}

void TestHost::release_attributes(const Attributes* attributes) noexcept {
  --const_cast<TestAttributes*>(static_cast<const TestAttributes*>(attributes))->references;
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
