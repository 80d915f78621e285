// SPDX-License-Identifier: MIT
//
// What is written of a life, as data and as a picture: a mismatch, and names of any bytes.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "live/follow/json_lines.hpp"
#include "live/follow/svg_picture.hpp"

namespace {

using follow::Call;
using follow::LifeReader;
using follow::ShownArea;

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Apostrophes stand for quotation marks.
std::string quoted(std::string text) {
  std::ranges::replace(text, '\'', '"');
  return text;
}

ShownArea area_named(std::string name) {
  ShownArea area;
  area.range = {0x1000, 0x3000};
  area.flags = vmarea::flag::read;
  area.name = std::move(name);
  return area;
}

/// A program that makes one call, which is not as ours is.
void live(LifeReader& reader, const std::string& name) {
  const Call call{.kind = follow::find_call_kind(SYS_munmap), .arguments = {0x2000, 0x1000}};
  const follow::Moment moment{.microseconds = 5, .space = 1, .process = 10, .thread = 11};
  reader.begun({.command = {"it"}, .machine = "x86_64", .kernel = "6.18"});
  reader.appeared(
      moment, {.parent = 0, .program = "it", .is_the_program = true, .areas = {area_named(name)}});
  reader.mismatched(moment, 7, "process 10: <munmap>");
  follow::AreaChange change;
  change.removed.push_back(area_named(name));
  reader.called(moment, {.number = 7, .call = &call, .raw = -22}, change);
  follow::Ending ending;
  ending.verdict = "mismatch";
  ending.mismatches = 1;
  reader.ended(ending);
  EXPECT_TRUE(reader.close());
}

class WrittenLife : public ::testing::Test {
 protected:
  std::string path() const { return ::testing::TempDir() + "follow_life_test.out"; }
};

TEST_F(WrittenLife, mismatch_is_an_event_before_that_of_its_call) {
  follow::JsonLines lines;
  ASSERT_EQ(lines.open(path()), 0);
  live(lines, "/tmp/a\"b\\c\nd\xff");
  const std::string area = quoted(
      "{'start':4096,'end':12288,'access':'r--p','flags':'rd','kind':'anonymous',"
      "'name':'/tmp/a\\'b\\\\c\\nd\xef\xbf\xbd'}");
  const std::string where = "'microseconds':5,'space':1,'process':10,'thread':11,";
  const std::string expected = quoted(
      "{'event':'start','format':1,'machine':'x86_64','kernel':'6.18','command':['it']}\n"
      "{'event':'exec'," +
      where + "'program':'it','areas':[" + area +
      "]}\n"
      "{'event':'mismatch'," +
      where +
      "'number':7,'text':'process 10: <munmap>'}\n"
      "{'event':'call'," +
      where +
      "'number':7,'call':'munmap','arguments':[8192,4096],"
      "'text':'munmap(0x2000, 4096)','result':-22,'errno':'EINVAL','comparison':'none',"
      "'removed':[" +
      area +
      "],'added':[],'changed':[],'splits':[],'merges':[]}\n"
      "{'event':'end','microseconds':0,'program':'','verdict':'mismatch','mismatches':1,"
      "'processes':0,'calls':{},'notes':[]}\n");
  EXPECT_EQ(read(path()), expected);
}

TEST_F(WrittenLife, mismatch_is_told_at_its_call_and_above) {
  follow::SvgPicture picture;
  ASSERT_EQ(picture.open(path()), 0);
  live(picture, "/tmp/<a>&\xff");
  const std::string drawn = read(path());
  for (const char* text :
       {"1 mismatch between the kernel and vmarea", "7 MISMATCH munmap 4 KiB: EINVAL</text>",
        "MISMATCH in process 10: &lt;munmap&gt;", "\n/tmp/&lt;a&gt;&amp;\xef\xbf\xbd",
        ", thread 11"}) {
    EXPECT_NE(drawn.find(text), std::string::npos) << text;
  }
}

TEST_F(WrittenLife, of_another_process_is_not_drawn) {
  follow::SvgPicture picture;
  ASSERT_EQ(picture.open(path()), 0);
  const Call call{.kind = follow::find_call_kind(SYS_munmap), .arguments = {0x2000, 0x1000}};
  const follow::Moment other{.space = 2, .process = 20, .thread = 20};
  picture.appeared(
      {.space = 1, .process = 10, .thread = 10},
      {.parent = 0, .program = "it", .is_the_program = true, .areas = {area_named("/own")}});
  picture.appeared(other, {.parent = 1, .program = {}, .areas = {area_named("/other")}});
  picture.called(other, {.number = 1, .call = &call, .raw = 0}, {});
  picture.ended({});
  EXPECT_TRUE(picture.close());
  const std::string drawn = read(path());
  EXPECT_NE(drawn.find("/own"), std::string::npos);
  EXPECT_EQ(drawn.find("munmap"), std::string::npos);
  EXPECT_EQ(drawn.find("/other"), std::string::npos);
  EXPECT_NE(drawn.find("Not drawn: 1 address space of"), std::string::npos);
}

}  // namespace
