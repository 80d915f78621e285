// SPDX-License-Identifier: MIT
//
// The main() of programs whose headers are mutated:
//
//   PROGRAM NUMBERS RESULTS      tries the mutants that NUMBERS names, one a line
//
// Runs all tests once without a mutant and sees which mutants each one reaches and how long it
// takes. Then a process for each mutant runs the tests that reach it, the quickest first, until one
// fails, crashes or takes five times as long. RESULTS has a line each:
//
//   NUMBER killed|survived|unreached HOW
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <new>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vmarea_mutation/switch.hpp>

namespace {

using vmarea_mutation::mutants_max;

constexpr std::size_t tests_max = 4096;

/// What all processes of a run share.
struct Shared {
  unsigned char reached[mutants_max];
  unsigned char reached_by[tests_max][mutants_max / 8];
  long long microseconds[tests_max];
};

template <class Type>
Type* share() {
  void* memory = mmap(nullptr, sizeof(Type), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return static_cast<Type*>(memory);
}

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "run_mutants: %s\n", why.c_str());
  std::exit(2);
}

std::string full_name(const testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

class Watcher : public testing::EmptyTestEventListener {
 public:
  Watcher(Shared& shared, const std::map<std::string, std::size_t>& numbers)
      : shared_(shared), numbers_(numbers) {}

  void OnTestStart(const testing::TestInfo&) override {
    std::memset(shared_.reached, 0, mutants_max);
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    const std::size_t number = numbers_.at(full_name(test));
    shared_.microseconds[number] += 1000 * test.result()->elapsed_time() + 100;
    for (std::size_t i = 0; i < mutants_max; ++i) {
      if (shared_.reached[i] != 0) {
        shared_.reached_by[number][i / 8] |= static_cast<unsigned char>(1u << (i % 8));
      }
    }
    if (test.result()->Failed()) std::fprintf(stderr, "fails: %s\n", full_name(test).c_str());
  }

 private:
  Shared& shared_;
  const std::map<std::string, std::size_t>& numbers_;
};

void be_silent() {
  const int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, 1);
  dup2(nothing, 2);
}

void limit(int what, rlim_t value) {
  const rlimit both{value, value};
  setrlimit(static_cast<__rlimit_resource>(what), &both);
}

class Run {
 public:
  Run() {
    const testing::UnitTest& unit = *testing::UnitTest::GetInstance();
    for (int i = 0; i < unit.total_test_suite_count(); ++i) {
      const testing::TestSuite& suite = *unit.GetTestSuite(i);
      for (int k = 0; k < suite.total_test_count(); ++k) {
        if (numbers_.try_emplace(full_name(*suite.GetTestInfo(k)), names_.size()).second) {
          names_.push_back(full_name(*suite.GetTestInfo(k)));
        }
      }
    }
    if (names_.size() > tests_max) stop("more tests than there is room for");
    vmarea_mutation::reached = shared_->reached;
  }

  /// Runs all tests without a mutant.
  void watch() {
    const pid_t child = fork();
    if (child == 0) {
      auto& listeners = testing::UnitTest::GetInstance()->listeners();
      listeners.Append(new Watcher(*shared_, numbers_));
      const int nothing = open("/dev/null", O_RDWR);
      dup2(nothing, 1);
      _exit(RUN_ALL_TESTS());
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) stop("tests fail without a mutant");
  }

  std::string judge(unsigned mutant) {
    std::vector<std::size_t> tests;
    long long all = 0;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if ((shared_->reached_by[i][mutant / 8] >> (mutant % 8) & 1) == 0) continue;
      tests.push_back(i);
      all += shared_->microseconds[i];
    }
    if (tests.empty()) return "unreached";
    std::stable_sort(tests.begin(), tests.end(), [&](std::size_t a, std::size_t b) {
      return shared_->microseconds[a] < shared_->microseconds[b];
    });
    const pid_t child = fork();
    if (child == 0) try_tests(mutant, tests, all);
    int status = 0;
    waitpid(child, &status, 0);
    kill(-child, SIGKILL);  // What it started and left behind.
    if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? "survived" : "killed failed";
    const int signal = WTERMSIG(status);
    if (signal == SIGXCPU || signal == SIGALRM || signal == SIGKILL) return "killed time";
    return "killed signal";
  }

 private:
  [[noreturn]] void try_tests(unsigned mutant, const std::vector<std::size_t>& tests,
                              long long microseconds) {
    setpgid(0, 0);
    const auto seconds = static_cast<unsigned>(5 * microseconds / 1'000'000) + 2;
    limit(RLIMIT_CPU, seconds);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_AS, rlim_t{8} << 30);
    alarm(3 * seconds + 5);
    be_silent();
    delete testing::UnitTest::GetInstance()->listeners().Release(
        testing::UnitTest::GetInstance()->listeners().default_result_printer());
    testing::FLAGS_gtest_fail_fast = true;
    vmarea_mutation::chosen = mutant;
    setenv("VMAREA_MUTANT", std::to_string(mutant).c_str(), 1);
    std::size_t done = 0;
    for (std::size_t size = 8; done < tests.size(); size *= 8) {
      std::string filter;
      for (const std::size_t end = std::min(tests.size(), done + size); done < end; ++done) {
        filter += names_[tests[done]] + ":";
      }
      testing::FLAGS_gtest_filter = filter;
      if (RUN_ALL_TESTS() != 0) _exit(1);
    }
    _exit(0);
  }

  std::map<std::string, std::size_t> numbers_{};
  std::vector<std::string> names_{};
  Shared* shared_ = share<Shared>();
};

}  // namespace

int main(int argc, char** argv) {
  // A death test may start the program anew.
  if (const char* mutant = std::getenv("VMAREA_MUTANT")) {
    vmarea_mutation::chosen = static_cast<unsigned>(std::strtoul(mutant, nullptr, 10));
  }
  testing::InitGoogleTest(&argc, argv);
  if (argc != 3) return RUN_ALL_TESTS();
  Run run;
  run.watch();
  std::ifstream numbers(argv[1]);
  std::ofstream results(argv[2]);
  for (unsigned number = 0; numbers >> number;) {
    results << number << ' ' << run.judge(number) << std::endl;
  }
  return results ? 0 : 2;
}
