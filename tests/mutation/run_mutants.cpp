// SPDX-License-Identifier: MIT
//
// The main() of programs whose headers are mutated:
//
//   PROGRAM NUMBERS RESULTS      tries the mutants that NUMBERS names, one a line
//
// Runs all tests once without a mutant and sees which mutants each one reaches and how long it
// takes. Then a process for each mutant runs the tests that reach it, the quickest first, until one
// fails, crashes, takes five times as long or waits for ever. Time is that of the processor, for
// what else the machine does must kill no mutant. RESULTS gets a line each:
//
//   NUMBER killed|survived|unreached failed|signal|time|stuck
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

/// What this process and its children took so far, in microseconds.
long long processor_time() {
  long long sum = 0;
  for (const auto of : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(of, &usage);
    for (const timeval& part : {usage.ru_utime, usage.ru_stime}) {
      sum += 1'000'000LL * part.tv_sec + part.tv_usec;
    }
  }
  return sum;
}

class Watcher : public testing::EmptyTestEventListener {
 public:
  Watcher(Shared& shared, const std::map<std::string, std::size_t>& numbers)
      : shared_(shared), numbers_(numbers) {}

  void OnTestStart(const testing::TestInfo&) override {
    began_ = processor_time();
    std::memset(shared_.reached, 0, mutants_max);
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    const std::size_t number = numbers_.at(full_name(test));
    shared_.microseconds[number] = processor_time() - began_ + 100;
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
  long long began_ = 0;
};

void be_silent() {
  const int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, 1);
  dup2(nothing, 2);
}

/// The limit that a process feels, which it may raise again.
void limit(int what, rlim_t value) {
  const rlimit most{value, RLIM_INFINITY};
  setrlimit(static_cast<__rlimit_resource>(what), &most);
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
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if ((shared_->reached_by[i][mutant / 8] >> (mutant % 8) & 1) == 0) continue;
      tests.push_back(i);
    }
    if (tests.empty()) return "unreached";
    std::stable_sort(tests.begin(), tests.end(), [&](std::size_t a, std::size_t b) {
      return shared_->microseconds[a] < shared_->microseconds[b];
    });
    const pid_t child = fork();
    if (child == 0) try_tests(mutant, tests);
    bool is_stuck = false;
    const int status = wait_for(child, is_stuck);
    kill(-child, SIGKILL);  // What it started and left behind.
    if (is_stuck) return "killed stuck";
    if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? "survived" : "killed failed";
    const int signal = WTERMSIG(status);
    return signal == SIGXCPU || signal == SIGKILL ? "killed time" : "killed signal";
  }

 private:
  /// Its status, once it ended; it is ended if it slept for half a minute.
  static int wait_for(pid_t child, bool& is_stuck) {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    int status = 0;
    unsigned asleep = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      const timespec second{1, 0};
      if (sigtimedwait(&ended, nullptr, &second) > 0) continue;
      asleep = is_asleep(child) ? asleep + 1 : 0;
      if (asleep < 30) continue;
      is_stuck = true;
      kill(child, SIGKILL);
    }
    return status;
  }
  static bool is_asleep(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t name_ends = text.rfind(')');
    return name_ends != std::string::npos && text.substr(name_ends, 3) == ") S";
  }

  [[noreturn]] void try_tests(unsigned mutant, const std::vector<std::size_t>& tests) {
    setpgid(0, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_AS, rlim_t{8} << 30);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    be_silent();
    delete testing::UnitTest::GetInstance()->listeners().Release(
        testing::UnitTest::GetInstance()->listeners().default_result_printer());
    testing::FLAGS_gtest_fail_fast = true;
    vmarea_mutation::chosen = mutant;
    setenv("VMAREA_MUTANT", std::to_string(mutant).c_str(), 1);
    std::size_t done = 0;
    for (std::size_t size = 8; done < tests.size(); size *= 8) {
      std::string filter;
      long long microseconds = processor_time();
      for (const std::size_t end = std::min(tests.size(), done + size); done < end; ++done) {
        filter += names_[tests[done]] + ":";
        microseconds += 5 * shared_->microseconds[tests[done]];
      }
      limit(RLIMIT_CPU, static_cast<rlim_t>(microseconds / 1'000'000) + 2);
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
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  Run run;
  run.watch();
  sigprocmask(SIG_BLOCK, &ended, nullptr);
  std::ifstream numbers(argv[1]);
  std::ofstream results(argv[2], std::ios::app);
  for (unsigned number = 0; numbers >> number;) {
    results << number << ' ' << run.judge(number) << std::endl;
  }
  return results ? 0 : 2;
}
