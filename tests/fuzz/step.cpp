// SPDX-License-Identifier: MIT
#include "fuzz/step.hpp"

#include <charconv>
#include <iterator>

namespace vmarea::test::fuzz {

namespace {

constexpr const char* betweens[] = {"nothing",      "tight_limits",  "no_charge", "drivers_change",
                                    "drop_planned", "drop_reserved", "moves"};
static_assert(std::size(betweens) == static_cast<std::size_t>(Between::count));
constexpr const char* windows[] = {"middle", "lowest", "highest"};
static_assert(std::size(windows) == static_cast<std::size_t>(Window::count));

struct Sizes {
  unsigned page_shift, address_bits;
};
constexpr Sizes all_sizes[] = {{12, 47}, {12, 47}, {12, 32}, {12, 57}, {14, 47},
                               {16, 48}, {12, 64}, {16, 64}, {12, 47}};

unsigned total_weight() {
  unsigned sum = 0;
  for (const every_call::KindFacts& kind : every_call::kinds) sum += kind.weight;
  return sum;
}

/// Numbers out of bytes; zeros when they are used up.
class ByteNumbers {
 public:
  ByteNumbers(const std::uint8_t* bytes, std::size_t count) : at_(bytes), end_(bytes + count) {}

  bool has_more() const { return at_ != end_; }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  std::uint64_t any() {
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | next();
    return number;
  }
  unsigned kind() {
    static const unsigned sum = total_weight();
    unsigned number = static_cast<unsigned>(next() << 8 | next()) % sum;
    unsigned kind = 0;
    while (number >= every_call::kinds[kind].weight) number -= every_call::kinds[kind++].weight;
    return kind;
  }

 private:
  std::uint64_t next() { return at_ == end_ ? 0 : *at_++; }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

/// What a hostile guest tries: starts that are anywhere, lengths that no space has.
void draw_extremes(ByteNumbers& numbers, Call& call) {
  constexpr std::uint64_t top = std::uint64_t{1} << 63, page = 4096;
  constexpr std::uint64_t starts[] = {top,  0 - page,      0 - 2 * page, std::uint64_t{1} << 47,
                                      page, 0 - top / 256, 0x7ff,        std::uint64_t{1} << 32};
  constexpr std::uint64_t lengths[] = {1, page, top, top + page, top - page, 2 * page, page - 1};
  if (numbers.below(2) == 0) call.crooked_start = starts[numbers.below(std::size(starts))];
  if (numbers.below(2) == 0) {
    const std::uint64_t length = lengths[numbers.below(std::size(lengths))];
    call.crooked_length = (call.pages << 12) + length;  // All of it, and so much more: wraps.
  }
}

Step draw_step(ByteNumbers& numbers) {
  Step step{.call = every_call::draw_call(numbers)};
  if (numbers.below(30) == 0) draw_extremes(numbers, step.call);
  step.space = static_cast<unsigned>(numbers.below(8) < 5 ? 0 : numbers.below(3));
  step.beats = numbers.below(2) != 0;
  if (numbers.below(3) == 0) {
    step.between = static_cast<Between>(numbers.below(static_cast<unsigned>(Between::count)));
  }
  // What is taken once more would make another attempt the one that fails.
  const bool takes_more =
      step.between == Between::drop_planned || step.between == Between::drop_reserved;
  if (takes_more) step.call.fails_at = 0;
  if (numbers.below(40) == 0) step.limits = static_cast<unsigned>(1 + numbers.below(255));
  return step;
}

/// Words of a line, one after the other.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) { next(); }
  std::string_view word() const { return word_; }
  bool done() const { return word_.empty(); }
  void next() {
    const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    std::size_t length = 0;
    while (length < rest_.size() && !is_space(rest_[length])) ++length;
    word_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
  }
  bool take(std::string_view wanted) {
    if (word_ != wanted) return false;
    next();
    return true;
  }
  /// A number below `limit`, and the next word.
  template <class Number>
  bool take_number(Number& number, std::uint64_t limit, int base = 10) {
    std::uint64_t value = 0;
    const char* const end = word_.data() + word_.size();
    const auto [stopped, error] = std::from_chars(word_.data(), end, value, base);
    if (word_.empty() || error != std::errc{} || stopped != end || value >= limit) return false;
    number = static_cast<Number>(value);
    next();
    return true;
  }
  /// "0x234", below 2^64 - 1.
  bool take_address(std::uint64_t& number) {
    if (!word_.starts_with("0x")) return false;
    word_.remove_prefix(2);
    return take_number(number, ~std::uint64_t{0}, 16);
  }
  template <class Enum, std::size_t count>
  bool take_name(Enum& value, const char* const (&names)[count]) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!take(names[i])) continue;
      value = static_cast<Enum>(i);
      return true;
    }
    return false;
  }
  /// "[3,7)": a first column, and how many.
  bool take_columns(std::uint64_t& first, std::uint64_t& count) {
    constexpr std::uint64_t far = 1000;
    const std::string text(word_);
    unsigned from = 0, upto = 0;
    int length = -1;
    if (std::sscanf(text.c_str(), "[%3u,%3u)%n", &from, &upto, &length) != 2) return false;
    const bool whole = length == static_cast<int>(text.size());
    if (!whole || upto <= from || upto >= far) return false;
    first = from;
    count = upto - from;
    next();
    return true;
  }

 private:
  std::string_view rest_;
  std::string_view word_;
};

bool parse_scene(Words& words, Scene& scene) {
  bool good = words.take("seed") && words.take_number(scene.seed, ~std::uint64_t{0});
  good = good && words.take("page") && words.take_number(scene.page_shift, 17);
  good = good && words.take("bits") && words.take_number(scene.address_bits, 65);
  good = good && words.take("window") && words.take_name(scene.window, windows);
  return good && words.done() && scene.page_shift >= 12 && scene.address_bits >= 32;
}

bool parse_rest(Words& words, Step& step) {
  constexpr unsigned byte = 256;
  if (words.take("fault")) return words.take_number(step.call.fails_at, byte);
  if (words.take("start")) {
    return words.take("+") && words.take_address(step.call.crooked_start);
  }
  if (words.take("length")) {
    return words.take("-") && words.take_address(step.call.crooked_length);
  }
  if (words.take("space")) return words.take_number(step.space, 3);
  if (words.take("limits")) return words.take_number(step.limits, byte);
  if (words.take("between")) return words.take_name(step.between, betweens);
  if (!words.take("beats")) return false;
  step.beats = true;
  return true;
}

bool parse_step(Words& words, Step& step) {
  unsigned kind = 0;
  while (kind < std::size(every_call::kinds) && !words.take(every_call::kinds[kind].name)) ++kind;
  if (kind == std::size(every_call::kinds)) return false;
  Call& call = step.call;
  call.kind = static_cast<every_call::Kind>(kind);
  bool good = words.take("columns") && words.take_columns(call.from, call.pages);
  good = good && words.take("to") && words.take_columns(call.to, call.to_pages);
  good = good && words.take("choice") && words.take_number(call.choice, ~std::uint64_t{0}, 16);
  while (good && !words.done()) good = parse_rest(words, step);
  return good;
}

}  // namespace

std::string text_of(const Scene& scene) {
  return fmt::format("scene seed {} page {} bits {} window {}\n", scene.seed, scene.page_shift,
                     scene.address_bits, windows[static_cast<unsigned>(scene.window)]);
}

std::string text_of(const Step& step) {
  std::string text = every_call::text_of(step.call);
  text.pop_back();
  if (step.space != 0) text += fmt::format(" space {}", step.space);
  if (step.beats) text += " beats";
  if (step.between != Between::nothing) {
    text += fmt::format(" between {}", betweens[static_cast<unsigned>(step.between)]);
  }
  if (step.limits != 0) text += fmt::format(" limits {}", step.limits);
  return text + "\n";
}

std::string text_of(const Sequence& sequence) {
  std::string text = text_of(sequence.scene);
  for (const Step& step : sequence.steps) text += text_of(step);
  return text;
}

std::string parse(std::string_view text, Sequence& sequence) {
  sequence = {};
  bool has_scene = false;
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    Words words(line);
    if (words.done() || words.word().front() == '#') continue;
    if (!has_scene) {
      has_scene = words.take("scene") && parse_scene(words, sequence.scene);
      if (!has_scene) return fmt::format("line {}: a scene is wanted first\n", number);
      continue;
    }
    Step step;
    if (!parse_step(words, step)) return fmt::format("line {}: no step of a sequence\n", number);
    sequence.steps.push_back(step);
  }
  return has_scene ? std::string() : "there is no scene\n";
}

Sequence draw(const std::uint8_t* bytes, std::size_t count, std::size_t steps_max) {
  ByteNumbers numbers(bytes, count);
  Sequence sequence;
  sequence.scene.seed = numbers.below(256) << 8 | numbers.below(256);
  const Sizes& sizes = all_sizes[numbers.below(std::size(all_sizes))];
  sequence.scene.page_shift = sizes.page_shift;
  sequence.scene.address_bits = sizes.address_bits;
  sequence.scene.window = static_cast<Window>(numbers.below(static_cast<unsigned>(Window::count)));
  while (numbers.has_more() && sequence.steps.size() < steps_max) {
    sequence.steps.push_back(draw_step(numbers));
  }
  return sequence;
}

std::vector<std::uint8_t> bytes_of(std::uint64_t seed, std::size_t steps) {
  constexpr std::size_t bytes_per_step = 32;  // None takes more.
  std::mt19937_64 random(seed);
  std::vector<std::uint8_t> bytes(8 + steps * bytes_per_step);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 32);
  return bytes;
}

}  // namespace vmarea::test::fuzz
