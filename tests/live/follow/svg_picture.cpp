// SPDX-License-Identifier: MIT
#include "svg_picture.hpp"

#include <fmt/format.h>

#include "svg_text.hpp"

namespace follow {
namespace {

LifeRow row_of_event(std::string_view label, std::string text) {
  LifeRow row;
  row.label = label;
  row.text = std::move(text);
  row.names[std::string(label)] = 1;
  return row;
}

LifeRow row_of_call(const Moment& moment, const MadeCall& made) {
  LifeRow row;
  row.first_call = row.last_call = made.number;
  row.label = print_short(*made.call);
  row.text = fmt::format("{} = {}", print_call(*made.call), print_result(made.raw));
  if (moment.thread != moment.process) row.text += fmt::format(", thread {}", moment.thread);
  if (made.has_failed()) {
    row.failed = 1;
    row.label += ": " + errno_name(static_cast<int>(-made.raw));
  }
  row.names[std::string(made.call->kind->name)] = 1;
  return row;
}

std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

void SvgPicture::begun(const Beginning& beginning) {
  beginning_ = beginning;
}

void SvgPicture::appeared(const Moment& moment, const Appearance& appearance) {
  const bool is_drawn = appearance.is_the_program ||
                        (appearance.parent == 0 && moment.process == process_ && space_ != 0);
  if (!is_drawn) {
    ++others_;
    return;
  }
  if (space_ != 0) {
    ++others_;
    earlier_.push_back(program_);
  }
  space_ = moment.space;
  process_ = moment.process;
  program_ = appearance.program;
  life_ = {};
  life_.begin(row_of_event("exec", "exec " + program_), appearance.areas);
  sketch();
}

void SvgPicture::add(LifeRow row, const AreaChange& change) {
  life_.add(std::move(row), change);
  constexpr std::chrono::milliseconds rest_at_least{100};
  constexpr int rest = 9;
  const Clock::duration passed = Clock::now() - drawn_;
  if (passed >= rest_at_least && passed >= rest * cost_) sketch();
}

/// So far.
void SvgPicture::sketch() {
  const Clock::time_point begun = Clock::now();
  file_.replace(draw(mismatches_, "; drawn while it ran"), Recording::Replacing::if_whole);
  drawn_ = Clock::now();
  cost_ = drawn_ - begun;
}

void SvgPicture::called(const Moment& moment, const MadeCall& made, const AreaChange& change) {
  if (!is_drawn(moment)) return;
  LifeRow row = row_of_call(moment, made);
  if (mismatch_ && mismatch_->first == made.number) {
    row.failed = 1;
    row.label = "MISMATCH " + row.label;
    row.text += "\nMISMATCH in " + mismatch_->second;
  }
  add(std::move(row), change);
}

void SvgPicture::mismatched(const Moment&, std::uint64_t call, std::string_view text) {
  ++mismatches_;
  mismatch_ = std::pair(call, std::string(text));
}

void SvgPicture::lost(const Moment& moment, const Call& call) {
  if (!is_drawn(moment)) return;
  add(row_of_event("killed", "a thread was killed in " + print_call(call)), {});
}

void SvgPicture::changed_between_calls(const Moment& moment, const AreaChange& change) {
  if (!is_drawn(moment)) return;
  add(row_of_event("between calls", "between calls, by itself: a stack grew, say"), change);
}

void SvgPicture::ended(const Ending& ending) {
  file_.replace(draw(ending.mismatches, ""), Recording::Replacing::always);
}

std::string SvgPicture::draw(std::uint64_t mismatches, std::string_view state) {
  PictureTexts texts;
  texts.title = fmt::format("{}: the life of its address space", program_);
  if (space_ == 0) texts.title = "No program was followed";
  texts.notes.push_back(fmt::format("{}; Linux {} on {}; {} between the kernel and vmarea{}",
                                    shorten(join_words(beginning_.command), 100), beginning_.kernel,
                                    beginning_.machine, print_count(mismatches, "mismatch", "es"),
                                    state));
  if (others_ != 0) {
    std::string note = fmt::format("Of process {}. Not drawn: {} of forks and of other programs",
                                   process_, print_count(others_, "address space"));
    if (!earlier_.empty()) note += "; the process was before: " + join_words(earlier_);
    texts.notes.push_back(note);
  }
  return draw_life(life_, texts);
}

}  // namespace follow
