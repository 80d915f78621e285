// SPDX-License-Identifier: MIT
//
// Calls and sequences as text: what is written is read back, what is wrong is said.
#include <cstdio>
#include <fstream>

#include <gtest/gtest.h>

#include "live/random_calls/call_text.hpp"
#include "live/random_calls/generator.hpp"
#include "live/random_calls/sequence_file.hpp"

namespace vmarea::live {
namespace {

Call without_kind(Call call) {
  call.kind = Kind::map;
  return call;
}

TEST(CallText, every_call_that_is_generated_is_read_back) {
  for (const Shape& shape : {small_shape, deep_shape, crowded_shape}) {
    for (std::uint64_t sequence = 0; sequence < 200; ++sequence) {
      for (const Call& call : Generator(7, sequence, all_kinds, shape).generate()) {
        const std::string text = describe(call);
        const auto read = parse_call(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(*read, without_kind(call)) << text;
      }
    }
  }
}

TEST(CallText, a_line_reads_as_the_manual_page_has_it) {
  const auto call = parse_call("mmap(+3:0x10, 2p, rw, private|fixed|anonymous|0x200, first, 1p)");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->operation, Operation::mmap);
  EXPECT_EQ(call->address, arena_start + 3 * page + 0x10);
  EXPECT_EQ(call->length, 2 * page);
  EXPECT_EQ(call->protection, 3u);
  EXPECT_EQ(call->flags, 0x232u);
  EXPECT_EQ(call->file, File::first);
  EXPECT_EQ(call->offset, page);
}

TEST(CallText, what_is_no_call_is_not_understood) {
  for (const char* line : {"", "mmap", "mmap(", "mmap()", "munmap(+1)", "munmap(+1, 2p, 3p)",
                           "munmap(+x, 2p)", "munmap(+1, 2q)", "sbrk(+1)", "munmap(+1, 2p) "}) {
    EXPECT_FALSE(parse_call(line)) << line;
  }
}

class SequenceFile : public testing::Test {
 protected:
  SequenceFile() : path_(testing::TempDir() + "vmarea_sequence_file_test.txt") {}
  ~SequenceFile() override { std::remove(path_.c_str()); }

  /// What is said of a file with this text.
  std::string read(const std::string& text) {
    std::ofstream(path_) << text;
    shape_ = {};
    calls_.clear();
    return read_sequence(path_, shape_, calls_);
  }

  std::string path_;
  Shape shape_;
  Sequence calls_;
};

TEST_F(SequenceFile, keeps_shape_and_calls) {
  const Sequence calls = Generator(3, 5, all_kinds, deep_shape).generate();
  ASSERT_TRUE(write_sequence(path_, deep_shape, calls, "remark"));
  ASSERT_EQ(read_sequence(path_, shape_, calls_), "");
  EXPECT_EQ(shape_.pages, deep_shape.pages);
  EXPECT_TRUE(shape_.small_nodes);
  ASSERT_EQ(calls_.size(), calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(calls_[i], without_kind(calls[i]));
}

TEST_F(SequenceFile, remarks_and_blank_lines_are_passed_over) {
  EXPECT_EQ(read("# a\n\n  munmap(+1, 2p)   # b\n"), "");
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(SequenceFile, errors_name_the_line) {
  EXPECT_EQ(read("munmap(+1, 2p)\nunmap(+1)\n"), path_ + ":2: not understood: unmap(+1)");
  EXPECT_EQ(read("shape pages=9999 crowd=0 small_nodes=0\n"),
            path_ + ":1: the arena has 1 to 1536 pages");
  EXPECT_EQ(read("# nothing\n"), path_ + ": holds no call");
  std::remove(path_.c_str());
  EXPECT_EQ(read_sequence(path_, shape_, calls_), path_ + ": cannot be read");
}

}  // namespace
}  // namespace vmarea::live
