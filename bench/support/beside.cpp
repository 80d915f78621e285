// SPDX-License-Identifier: MIT
#include "support/beside.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <limits>
#include <thread>

#include "support/noise.hpp"

namespace vmarea::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int block_count = 41;
constexpr int counted_min = 5;
constexpr auto block_time = std::chrono::milliseconds(20);
/// The processor's share of a block, from which on it was undisturbed.
constexpr double whole = 0.97;

struct Measured {
  double nanoseconds = 0;  // For one time.
  bool undisturbed = false;
};

Measured run(const Job& job, const std::atomic<bool>& done) {
  const double processor = processor_time();
  const auto start = Clock::now();
  std::uint64_t times = 0;
  while (!done.load(std::memory_order_relaxed)) times += job();
  const double wall = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  return {wall / static_cast<double>(std::max<std::uint64_t>(times, 1)),
          processor_time() - processor >= whole * wall};
}

/// One block of all jobs.
std::vector<Measured> run_block(const std::vector<Job>& jobs) {
  std::vector<Measured> measured(jobs.size());
  std::atomic<bool> done = false;
  std::barrier start(static_cast<std::ptrdiff_t>(jobs.size()) + 1);
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      measured[i] = run(jobs[i], done);
    });
  }
  start.arrive_and_wait();
  std::this_thread::sleep_for(block_time);
  done = true;
  threads.clear();
  return measured;
}

}  // namespace

std::vector<double> times_beside(const std::vector<Job>& jobs, Count blocks) {
  std::vector<std::vector<double>> all(jobs.size());
  for (int block = 0; block < block_count; ++block) {
    const std::vector<Measured> measured = run_block(jobs);
    const bool counts = std::all_of(measured.begin(), measured.end(), [&](const Measured& one) {
      return one.undisturbed || blocks == Count::all;
    });
    for (std::size_t i = 0; counts && i < jobs.size(); ++i) {
      all[i].push_back(measured[i].nanoseconds);
    }
  }
  std::vector<double> medians;
  for (std::vector<double>& of_one : all) {
    if (of_one.size() < counted_min) {
      medians.push_back(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const auto middle = of_one.begin() + static_cast<std::ptrdiff_t>(of_one.size() / 2);
    std::nth_element(of_one.begin(), middle, of_one.end());
    medians.push_back(*middle);
  }
  return medians;
}

}  // namespace vmarea::bench
