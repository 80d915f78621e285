// SPDX-License-Identifier: MIT
//
// Random calls of every kind, as the model tests make them, and two threads that look things up
// meanwhile: each answer was true at one moment between its start and its end, and an area that is
// read-locked stays as it is.
//
//   VMAREA_SEED=17 ./concurrency_true_answers_test     the calls of that seed alone
//   VMAREA_SEEDS=500 ./concurrency_true_answers_test   so many, instead of 20
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "concurrency/threaded_world.hpp"
#include "model/every_call/play.hpp"
#include "support/run_apart.hpp"

namespace vmarea::test {
namespace {

using every_call::Call;
using every_call::Kind;
using every_call::Settings;

constexpr std::size_t kinds = static_cast<std::size_t>(Kind::count);
constexpr std::uint64_t columns_looked_at = every_call::columns + 24;

enum class Question : unsigned char {
  at,           // What contains the address?
  at_or_above,  // That, or what comes next?
  locked,       // What contains it, to be locked?
  met,          // None was asked: a walk came there.
};
struct Answer {
  Question question;
  Address at;
  NotedArea seen;
  std::size_t start;
  std::size_t end;
  const History* history;

  bool was_true() const {
    return history->had(start, end, [this](const Moment& moment) {
      if (question == Question::met) return moment.has(seen);
      return (question == Question::at_or_above ? moment.at_or_above(at) : moment.at(at)) == seen;
    });
  }
};

/// What one thread is told.
template <class World>
class Reader {
 public:
  Reader(const World& world, std::uint64_t seed) : world_(world), random_(seed) {}

  void look_until(const std::atomic<bool>& done) {
    const shims::ReaderThread here;
    while (!done) look(world_.looked_at());
  }
  /// Of those that nothing happened beside there are only a few.
  const std::vector<Answer>& answers() const { return answers_; }
  std::size_t beside_a_write() const { return beside_a_write_; }
  const std::string& wrong() const { return wrong_; }

 private:
  using Space = typename World::Space;

  void look(const Space& space) {
    const Address at = World::column(random_() % columns_looked_at);
    const History& history = space.state().tree.history();
    const std::size_t start = history.now();
    switch (random_() % 8) {
      case 0:
        return walk(space, history, at);
      case 1:
        return lock(space, history, at);
      case 2:
      case 3:
      case 4: {
        const auto seen = NotedArea::of(space.lookups().find_at_or_above(at));
        return note({Question::at_or_above, at, seen, start, history.now(), &history});
      }
      default: {
        const auto seen = NotedArea::of(space.lookups().find(at));
        return note({Question::at, at, seen, start, history.now(), &history});
      }
    }
  }
  void walk(const Space& space, const History& history, Address from) {
    std::size_t start = history.now();
    space.lookups().for_each({from, World::column(columns_looked_at)}, [&](const auto& seen) {
      const std::size_t now = history.now();
      note({Question::met, seen.range.start, NotedArea::of(seen), start, now, &history});
      start = now;
    });
  }
  void lock(const Space& space, const History& history, Address at) {
    const std::size_t start = history.now();
    const auto area = space.lock_area(at);
    const NotedArea seen = area ? NotedArea::of(**area) : NotedArea{};
    note({Question::locked, at, seen, start, history.now(), &history});
    if (!area) {
      if (area.error() != Error::bad_address) wrong_ = "an area is refused that is there";
      return;
    }
    const NotedArea told = NotedArea::of(space.lookups().find(at));
    if (told != seen) wrong_ = "an area that is locked is not what the tree says";
    if (NotedArea::of(**area) != seen) wrong_ = "an area changes that is locked";
  }
  void note(const Answer& answer) {
    const bool beside = answer.start != answer.end;
    if (beside) ++beside_a_write_;
    if (beside || random_() % 64 == 0) answers_.push_back(answer);
  }

  const World& world_;
  std::mt19937_64 random_;
  std::vector<Answer> answers_;
  std::atomic<std::size_t> beside_a_write_ = 0;
  std::string wrong_;
};

std::string text_of(const Answer& answer) {
  constexpr const char* questions[] = {"at", "at or above", "locked at", "met at"};
  return fmt::format("{} {:x}: {:x}-{:x} flags {:x} between {} and {}",
                     questions[static_cast<unsigned>(answer.question)], answer.at,
                     answer.seen.range.start, answer.seen.range.end, answer.seen.flags.bits(),
                     answer.start, answer.end);
}

/// How often calls of a kind succeeded, and what was looked up beside writes.
struct Counts {
  std::uint64_t succeeded[kinds] = {};
  std::uint64_t calls = 0;
  std::uint64_t beside_a_write = 0;
};

template <class World>
void look_beside_calls(std::uint64_t seed, Counts& counts) {
  World world(Settings::of(seed));
  Reader<World> readers[] = {{world, 2 * seed}, {world, 2 * seed + 1}};
  std::atomic<bool> done = false;
  std::thread first([&] { readers[0].look_until(done); });
  std::thread second([&] { readers[1].look_until(done); });
  every_call::SeededNumbers numbers(seed);
  InOneGo in_one_go;
  // On a busy machine the readers may not run for long.
  const auto is_enough = [&](std::uint64_t calls) {
    const std::size_t beside = readers[0].beside_a_write() + readers[1].beside_a_write();
    return calls >= 5000 && (beside >= 10 || calls >= 50000);
  };
  for (std::uint64_t calls = 0; !is_enough(calls); ++calls, ++counts.calls) {
    const Call call = every_call::draw_call(numbers);
    const every_call::Answer answer = every_call::play(world, call, in_one_go);
    if (answer.error == Error::none) ++counts.succeeded[static_cast<std::size_t>(call.kind)];
  }
  done = true;
  first.join();
  second.join();
  for (const Reader<World>& reader : readers) {
    EXPECT_EQ(reader.wrong(), "");
    for (const Answer& answer : reader.answers()) {
      ASSERT_TRUE(answer.was_true()) << text_of(answer);
    }
    counts.beside_a_write += reader.beside_a_write();
  }
  const Broken broken = check(world.looked_at());
  EXPECT_FALSE(broken) << broken.what;
}

template <class World>
struct TrueAnswers : ::testing::Test {};
using Worlds = ::testing::Types<ThreadedWorld<4, Notes::yes>, ThreadedWorld<15, Notes::yes>>;
TYPED_TEST_SUITE(TrueAnswers, Worlds);

TYPED_TEST(TrueAnswers, of_lookups_and_read_locks_beside_calls_of_every_kind) {
  const std::uint64_t chosen = number_from("VMAREA_SEED", 0);
  const std::uint64_t first_seed = chosen != 0 ? chosen : 1;
  const std::uint64_t last_seed = chosen != 0 ? chosen : number_from("VMAREA_SEEDS", 20);
  Counts counts;
  for (std::uint64_t seed = first_seed; seed <= last_seed && !this->HasFailure(); ++seed) {
    SCOPED_TRACE("again with VMAREA_SEED=" + std::to_string(seed));
    look_beside_calls<TypeParam>(seed, counts);
  }
  EXPECT_GT(counts.beside_a_write, 100u) << "hardly a lookup was made beside a write";
  for (std::size_t kind = 0; chosen == 0 && kind < kinds; ++kind) {
    EXPECT_GT(counts.succeeded[kind], 0u) << every_call::kinds[kind].name;
  }
  std::printf("%llu calls, %llu answers beside a write\n",
              static_cast<unsigned long long>(counts.calls),
              static_cast<unsigned long long>(counts.beside_a_write));
}

}  // namespace
}  // namespace vmarea::test
