// SPDX-License-Identifier: MIT
//
// A space of a 32-bit program (Geometry::of_guest_32bit) beside a real one: what it was imported
// from goes on by the same calls, and each answer and the text of its maps must be the same.
//
//   this process              a 32-bit program
//   import smaps       <--    /proc/PID/smaps
//   call on ours       -->    the same system call by int $0x80, told through a pipe
//   answer, maps_text  ==     its answer, /proc/PID/maps
//
//   VMAREA_SEED=17 ./live_guest_32bit_test     other random calls
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vmarea_shims/profile_for.hpp>

#include "unit/imported.hpp"

namespace vmarea::test {
namespace {

using Word = std::uint32_t;

/// System calls of a 32-bit program, as <asm/unistd_32.h> numbers them.
enum class Number : Word {
  brk = 45,
  munmap = 91,
  mprotect = 125,
  munlock = 151,
  mremap = 163,
  mmap2 = 192,
  madvise = 219,
  poke = ~Word{0},  // Writes a byte instead.
};

struct Order {
  Number number{};
  std::array<Word, 6> arguments{};
};

#ifdef VMAREA_GUEST_32BIT
constexpr std::string_view program = VMAREA_GUEST_32BIT;
#else
constexpr std::string_view program = "";  // There is none.
#endif

constexpr Word page = 0x1000;
constexpr Word huge = 0x20'0000;
constexpr Word arena = 0x2000'0000;
constexpr Word arena_pages = 64;
constexpr Word rw = PROT_READ | PROT_WRITE;
constexpr Word anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr Word no_file = ~Word{0};
constexpr Word map_above_4g = 0x80;

/// What decides where a program lies.
struct Kind {
  unsigned long persona = 0;
  Address limit = Geometry::of_guest_32bit().limit;
  bool top_down = true;
};
constexpr Kind ordinary;
constexpr Kind bottom_up{.persona = ADDR_COMPAT_LAYOUT, .top_down = false};
constexpr Kind of_3_gib{.persona = ADDR_LIMIT_3GB, .limit = 0xc000'0000};

/// The program, at its first order. Descriptor 3 is `file`.
class Program {
 public:
  Program(const Kind& kind, int file) {
    EXPECT_EQ(pipe2(orders_, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(answers_, O_CLOEXEC), 0);
    child_ = fork();
    if (child_ == 0) become(kind, file);
    close(std::exchange(orders_[0], -1));
    close(std::exchange(answers_[1], -1));
    runs_ = make({Number::brk, {}}, start_of_break_);
  }
  ~Program() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    close(orders_[1]);
    close(answers_[0]);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// False: this machine has no 32-bit programs.
  bool runs() const { return runs_; }
  Word start_of_break() const { return start_of_break_; }
  Word call(const Order& order) const {
    Word answer = 0;
    EXPECT_TRUE(make(order, answer)) << "the program has ended";
    return answer;
  }
  std::string proc(const char* file) const {
    return read_proc(fmt::format("/proc/{}/{}", child_, file).c_str());
  }

 private:
  [[noreturn]] void become(const Kind& kind, int file) const {
    constexpr rlimit stack{8 << 20, RLIM_INFINITY};
    setrlimit(RLIMIT_STACK, &stack);
    personality(kind.persona | ADDR_NO_RANDOMIZE);
    const bool connected =
        dup2(orders_[0], 0) == 0 && dup2(answers_[1], 1) == 1 && dup2(file, 3) == 3;
    if (connected) execl(program.data(), program.data(), nullptr);
    _exit(1);
  }
  bool make(const Order& order, Word& answer) const {
    return write(orders_[1], &order, sizeof order) == static_cast<ssize_t>(sizeof order) &&
           read(answers_[0], &answer, sizeof answer) == static_cast<ssize_t>(sizeof answer);
  }

  int orders_[2] = {-1, -1};
  int answers_[2] = {-1, -1};
  pid_t child_ = -1;
  bool runs_ = false;
  Word start_of_break_ = 0;
};

/// The geometry of the kind that is tested.
struct Guest : shims::Checked<shims::UserlandOf<Guest>> {
  static inline Address limit = 0;
  static inline KernelProfile kernel;
  static Geometry geometry() noexcept { return Geometry::of_guest_32bit(limit); }
  static const KernelProfile& profile() noexcept { return kernel; }
};
using Space = AddressSpace<Guest>;

Word word_of(Result<void> result) {
  return -static_cast<Word>(result.code());
}
Word word_of(Result<Address> result) {
  return result ? static_cast<Word>(*result) : -static_cast<Word>(result.error());
}

class Guest32Bit : public testing::Test {
 protected:
  Guest32Bit() {
    utsname kernel{};
    uname(&kernel);
    Guest::kernel = shims::profile_for(kernel.release).profile;
    file_ = open(testing::TempDir().c_str(), O_RDWR | O_TMPFILE, 0600);
    EXPECT_TRUE(file_ >= 0 && ftruncate(file_, 8 * huge) == 0);
  }
  ~Guest32Bit() override { close(file_); }

  void SetUp() override {
    if (program.empty()) GTEST_SKIP() << "the compiler made no 32-bit program";
  }

  /// Whether it runs. Ensures: the space is as the program is, and only what it maps from now on
  /// may be taken away.
  bool begin(const Kind& kind) {
    ours_.reset();  // It ends as the kind that it was.
    Guest::limit = kind.limit;
    program_ = std::make_unique<Program>(kind, file_);
    if (!program_->runs()) return false;
    ours_ = std::make_unique<Imported<Guest>>(
        program_->proc("smaps"),
        shims::ImportFacts{.stat = program_->proc("stat"), .layout = layout_of(kind)});
    EXPECT_TRUE(ours_->report) << ours_->report.text();
    first_areas_.clear();
    for (const auto& area : space().areas()) first_areas_.push_back(area.range());
    mapped_ = ours_->files.open({.letters = flag::write, .path = "file"});
    mapped_->rules.placement = Placement::huge_pages;
    return true;
  }

  /// Nothing but the first break is asked of the program.
  SpaceLayout layout_of(const Kind& kind) const {
    SpaceLayout layout = SpaceLayout::for_geometry(Guest::geometry());
    layout.top_down = kind.top_down;
    layout.start_brk = layout.brk = program_->start_of_break();
    layout.start_stack = kind.limit - 1;
    return layout;
  }

  Space& space() const { return ours_->space; }

  Word call_ours(const Order& order) {
    const auto& a = order.arguments;
    switch (order.number) {
      case Number::poke:
        return word_of(space().touch(a[0], Touch::write));
      case Number::mmap2:
        return word_of(space().mmap({.address = a[0],
                                     .length = a[1],
                                     .protection = Protection(a[2]),
                                     .flags = MapFlags(a[3]),
                                     .file = a[4] == no_file ? nullptr : mapped_,
                                     .offset = std::uint64_t{a[5]} * page}));
      case Number::munmap:
        return word_of(space().munmap(a[0], a[1]));
      case Number::mprotect:
        return word_of(space().mprotect(a[0], a[1], Protection(a[2])));
      case Number::munlock:
        return word_of(space().munlock(a[0], a[1]));
      case Number::madvise:
        return word_of(space().madvise(a[0], a[1], static_cast<Advice>(a[2])));
      case Number::mremap:
        return word_of(space().mremap({.address = a[0],
                                       .old_length = a[1],
                                       .new_length = a[2],
                                       .flags = RemapFlags(a[3]),
                                       .new_address = a[4]}));
      case Number::brk:
        return static_cast<Word>(space().brk(a[0]));
    }
    return 0;
  }

  /// Ranges and letters; names and offsets of files aside, which ours has not all of.
  static std::string ranges_of(std::string_view maps) {
    std::string text;
    while (!maps.empty()) {
      const std::string_view line = maps.substr(0, maps.find('\n'));
      text += std::string(line.substr(0, line.find(' ') + 14)) + '\n';
      maps.remove_prefix(line.size() + 1);
    }
    return text;
  }

  /// The line with this name.
  shims::MapsLine line_of(std::string_view maps, std::string_view name) const {
    const auto parsed = shims::parse_smaps(maps, Guest::geometry());
    for (const shims::ProcArea& area : parsed.areas) {
      if (area.line.path == name) return area.line;
    }
    return {};
  }

  /// Makes the call on both sides. False, and a message, at the first difference.
  testing::AssertionResult same(const Order& order) {
    const Word theirs = program_->call(order);
    const Word own = call_ours(order);
    const std::string kernel = ranges_of(program_->proc("maps"));
    const std::string library = ranges_of(ours_->maps());
    if (theirs == own && kernel == library) return testing::AssertionSuccess();
    const auto& a = order.arguments;
    return testing::AssertionFailure()
           << fmt::format("{}({:#x}, {:#x}, {:#x}, {:#x}, {:#x}): kernel {:#x}, ours {:#x}\n",
                          static_cast<int>(order.number), a[0], a[1], a[2], a[3], a[4], theirs, own)
           << kernel << "ours:\n"
           << library;
  }
  testing::AssertionResult map(Word address, Word length, Word flags = anonymous) {
    return same({Number::mmap2, {address, length, PROT_NONE, flags | MAP_NORESERVE, no_file, 0}});
  }

  bool is_first(Range range) const {
    for (const Range& first : first_areas_) {
      if (first.overlaps(range)) return true;
    }
    return false;
  }
  Order random_order();
  Order random_mmap();
  Order random_mremap();

  std::uint64_t below(std::uint64_t count) { return random_() % count; }
  template <std::size_t count>
  Word pick(const std::array<Word, count>& from) {
    return from[below(count)];
  }
  Word in_arena() { return arena + static_cast<Word>(below(arena_pages)) * page; }
  Word few_pages() { return static_cast<Word>(1 + below(8)) * page; }

  std::mt19937 random_;
  int file_ = -1;
  std::unique_ptr<Program> program_;
  std::unique_ptr<Imported<Guest>> ours_;
  shims::File<Guest>* mapped_ = nullptr;
  std::vector<Range> first_areas_;
};

// Addresses where the rules of 64-bit programs change, and the end of the space.
constexpr std::array<Word, 16> edges = {0,           1,           0x1000,      0xffff,
                                        0x10000,     0x3fff'f000, 0x4000'0000, 0x5555'5000,
                                        0x7fff'f000, 0x8000'0000, 0x9000'0000, 0xbfff'f000,
                                        0xf7ff'd000, 0xffff'd000, 0xffff'e000, 0xffff'f000};

Order Guest32Bit::random_mmap() {
  constexpr std::array<Word, 10> lengths = {
      huge,        huge,        2 * huge,    huge + page, 0x1000'0000,
      0x6000'0000, 0xf000'0000, 0xffff'e000, ~Word{0},    0};
  constexpr std::array<Word, 7> adds = {0, 0, MAP_32BIT, map_above_4g, MAP_GROWSDOWN, MAP_STACK, 0};
  Order order{Number::mmap2, {0, few_pages(), pick(std::array<Word, 3>{rw, PROT_READ, PROT_NONE})}};
  auto& a = order.arguments;
  a[3] = anonymous | MAP_NORESERVE | pick(adds) | pick(adds);
  a[4] = no_file;
  if (below(3) == 0) a[1] = pick(lengths);
  switch (below(6)) {
    case 0:
      a[0] = in_arena();
      a[3] |= MAP_FIXED;
      a[1] = few_pages();
      break;
    case 1:
      a[0] = in_arena();
      break;
    case 2:
      a[0] = pick(edges);
      break;
    case 3:
      a[0] = pick(edges);
      a[3] |= MAP_FIXED_NOREPLACE;
      break;
    case 4:
      a[3] = (below(2) == 0 ? MAP_SHARED : MAP_PRIVATE) | (a[3] & (MAP_32BIT | map_above_4g));
      a[4] = 3;
      a[5] = static_cast<Word>(below(1024));
      break;
    default:
      break;
  }
  return order;
}

Order Guest32Bit::random_mremap() {
  Order order{Number::mremap, {in_arena(), few_pages(), few_pages(), MREMAP_MAYMOVE}};
  auto& a = order.arguments;
  switch (below(4)) {
    case 0:
      a[2] = pick(std::array<Word, 4>{huge, 2 * huge, 0xf000'0000, ~Word{0}});
      break;
    case 1:
      a[3] |= MREMAP_FIXED;
      a[4] = below(8) == 0 ? pick(std::array<Word, 2>{0xffff'e000, 0xffff'f000}) : in_arena();
      break;
    case 2:
      a[3] |= MREMAP_DONTUNMAP;
      a[2] = a[1];
      break;
    default:
      break;
  }
  return order;
}

Order Guest32Bit::random_order() {
  constexpr std::array<Word, 4> beyond = {0xffff'e000, 0xffff'f000, 0xffff'f000, 0xffff'e000};
  const bool is_beyond = below(10) == 0;
  const Word at = is_beyond ? pick(beyond) : in_arena();
  const Word length = below(30) == 0 ? ~Word{0} : few_pages();
  switch (below(10)) {
    case 0:
    case 1:
    case 2:
      return random_mmap();
    case 3:
      return random_mremap();
    case 4: {
      // Something that was placed outside of the arena.
      std::vector<Range> mapped;
      for (const auto& area : space().areas()) {
        if (!is_first(area.range())) mapped.push_back(area.range());
      }
      if (mapped.empty()) return random_mmap();
      const Range gone = mapped[below(mapped.size())];
      return {Number::munmap, {static_cast<Word>(gone.start), static_cast<Word>(gone.length())}};
    }
    case 5:
      return {Number::munmap, {at, few_pages()}};
    case 6: {
      const Word pages = static_cast<Word>(below(600));
      return {Number::brk, {program_->start_of_break() + pages * page + (pages & 1)}};
    }
    case 7: {
      constexpr std::array<Word, 4> advice = {MADV_DONTFORK, MADV_DOFORK, MADV_RANDOM, MADV_NORMAL};
      return {Number::madvise, {at, length, pick(advice)}};
    }
    case 8: {
      const Address touched = in_arena();
      const auto* const area = space().find(touched);
      const bool writable =
          area != nullptr && area->file == nullptr && area->flags.has_any(flag::write);
      if (writable) return {Number::poke, {static_cast<Word>(touched)}};
      return {Number::munlock, {at, few_pages()}};
    }
    default:
      return {Number::mprotect, {at, length, pick(std::array<Word, 3>{rw, PROT_READ, PROT_NONE})}};
  }
}

TEST_F(Guest32Bit, lies_where_the_kernel_puts_it) {
  for (const Kind& kind : {ordinary, bottom_up, of_3_gib}) {
    if (!begin(kind)) GTEST_SKIP() << "this machine runs no 32-bit programs";
    const std::string maps = program_->proc("maps");
    EXPECT_EQ(ours_->maps(), maps);
    const SpaceLayout& layout = space().layout();
    EXPECT_EQ(
        kind.top_down ? line_of(maps, "[vdso]").range.end : line_of(maps, "[vvar]").range.start,
        kind.top_down ? layout.mmap_base : layout.legacy_base);
    EXPECT_EQ(line_of(maps, "[stack]").range.end, kind.limit);
    EXPECT_TRUE(map(0, page));
    EXPECT_TRUE(map(0, huge)) << "not aligned";
    EXPECT_TRUE(map(0, page, anonymous | MAP_32BIT));
    EXPECT_TRUE(map(0, page, anonymous | map_above_4g));
    EXPECT_TRUE(map(0x9000'0000, page, anonymous | MAP_32BIT)) << "a hint like any other";
    EXPECT_TRUE(same({Number::mmap2, {0, 2 * huge, PROT_READ, MAP_PRIVATE, 3, 1}}));
    EXPECT_TRUE(map(static_cast<Word>(kind.limit), page, anonymous | MAP_FIXED));
  }
}

/// Below the base, then from the legacy base on, which leads to the room above.
TEST_F(Guest32Bit, that_is_full_goes_on_above_the_base) {
  if (!begin(ordinary)) GTEST_SKIP() << "this machine runs no 32-bit programs";
  for (Word length = 0x8000'0000; length >= page; length /= 2) {
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(map(0, length)) << length;
  }
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(map(0, page)) << i;
}

TEST_F(Guest32Bit, random_calls_agree) {
  const char* const chosen = std::getenv("VMAREA_SEED");
  const unsigned long seed = chosen == nullptr ? 1 : std::strtoul(chosen, nullptr, 10);
  random_.seed(static_cast<std::uint32_t>(seed));
  for (const Kind& kind : {ordinary, bottom_up, of_3_gib}) {
    if (!begin(kind)) GTEST_SKIP() << "this machine runs no 32-bit programs";
    for (int step = 0; step < 5000; ++step) {
      ASSERT_TRUE(same(random_order())) << "step " << step << " of seed " << seed;
    }
    const Broken broken = check(space().state());
    EXPECT_FALSE(broken) << broken.what;
  }
}

}  // namespace
}  // namespace vmarea::test
