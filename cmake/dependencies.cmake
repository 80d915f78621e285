# SPDX-License-Identifier: MIT
#
# What the tests and benchmarks need; users of the library need none of it. An installed package
# comes first; else the release that Debian 12 ships is fetched, pinned by its tag.
include(FetchContent)

FetchContent_Declare(
  googletest
  GIT_REPOSITORY https://github.com/google/googletest.git
  GIT_TAG release-1.12.1
  GIT_SHALLOW TRUE
  SYSTEM
  FIND_PACKAGE_ARGS 1.12 NAMES GTest
)
FetchContent_Declare(
  benchmark
  GIT_REPOSITORY https://github.com/google/benchmark.git
  GIT_TAG v1.7.1
  GIT_SHALLOW TRUE
  SYSTEM
  FIND_PACKAGE_ARGS 1.7
)
FetchContent_Declare(
  fmt
  GIT_REPOSITORY https://github.com/fmtlib/fmt.git
  GIT_TAG 9.1.0
  GIT_SHALLOW TRUE
  SYSTEM
  FIND_PACKAGE_ARGS 9.1
)

FetchContent_Declare(
  CLI11
  GIT_REPOSITORY https://github.com/CLIUtils/CLI11.git
  GIT_TAG v2.1.2
  GIT_SHALLOW TRUE
  SYSTEM
  FIND_PACKAGE_ARGS 2.1
)
FetchContent_Declare(
  nlohmann_json
  GIT_REPOSITORY https://github.com/nlohmann/json.git
  GIT_TAG v3.11.2
  GIT_SHALLOW TRUE
  SYSTEM
  FIND_PACKAGE_ARGS 3.11
)

# Makes the named dependencies available in the calling directory. The presets turn warnings into
# errors for our code; what is fetched is not ours to fix, so it is built without warnings.
function(vmarea_require)
  string(APPEND CMAKE_CXX_FLAGS " -w")
  set(CMAKE_VERIFY_INTERFACE_HEADER_SETS OFF)
  set(INSTALL_GTEST OFF)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  set(FMT_INSTALL OFF)
  FetchContent_MakeAvailable(${ARGV})
endfunction()
