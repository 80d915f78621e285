// SPDX-License-Identifier: MIT
#include "live/random_calls/options.hpp"

#include <map>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/profile_for.hpp>

namespace vmarea::live {
namespace {

std::string names_of_kinds() {
  std::string names;
  for (unsigned kind = 0; kind < kind_count; ++kind) {
    names += fmt::format(" {}", name_of(static_cast<Kind>(kind)));
  }
  return names;
}

}  // namespace

std::optional<Options> parse_options(int count, char** words, int& exit_code) {
  Options options;
  std::string kinds = "all";
  std::string shape = "small";
  const std::map<std::string, Shape> shapes = {
      {"small", small_shape}, {"deep", deep_shape}, {"crowded", crowded_shape}};

  CLI::App app(
      "Makes random memory calls on the running kernel and on vmarea, compared after each.");
  app.footer(
      "kinds:" + names_of_kinds() + "\nbasic: " + text_of(basic_kinds, Naming::in_full) +
      "\n\nExits with 0 if nothing differs, 1 if something does, 2 if the options are not "
      "understood,\nand 77 if this kernel cannot be compared with. With --which-profile: 0 if "
      "the rules found explain\nall that differs, 1 if something is unexplained.");
  app.add_option("--operations", options.operations, "stop after so many calls")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "the same seed gives the same calls")
      ->capture_default_str();
  app.add_option("--kinds", kinds, "all, basic, or names joined by commas; -name takes one away")
      ->capture_default_str();
  app.add_option("--shape", shape,
                 "small: 48 pages; deep: 1536 pages, in a tree of many levels; "
                 "crowded: 400 pages below 65,400 areas")
      ->check(CLI::IsMember({"small", "deep", "crowded"}))
      ->capture_default_str();
  std::optional<std::uint64_t> pages;
  std::optional<std::uint64_t> crowd;
  app.add_option("--arena-pages", pages, "another size of the arena")
      ->check(CLI::Range(std::uint64_t{6}, arena_pages_max));
  app.add_option("--crowd", crowd, "another number of areas behind the arena")
      ->check(CLI::Range(0, 65'520));
  std::vector<std::string> profiles;
  for (const shims::NamedProfile& named : shims::named_profiles) profiles.emplace_back(named.name);
  app.add_option("--profile", options.profile,
                 "compare with this profile, not with that of the running kernel")
      ->check(CLI::IsMember(profiles));
  CLI::Option* const which_profile = app.add_flag(
      "--which-profile", options.which_profile,
      "find out which rules of this kernel differ from those of the profile, by directed calls and "
      "by random ones; ends after so many calls since the last rule was found");
  bool small_nodes = false;
  app.add_flag("--small-nodes", small_nodes, "four entries a node of the tree, as in deep");
  app.add_option("--sequence", options.sequence, "only the sequence of that number")
      ->excludes(which_profile);
  app.add_option("--small-scope", options.small_scope,
                 "no random calls: every sequence of so many calls in four pages")
      ->check(CLI::Range(1, 5))
      ->excludes(which_profile);
  app.add_option("--jobs", options.jobs, "processes that share the work")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--replay", options.replay, "make the calls of a file instead")
      ->check(CLI::ExistingFile)
      ->excludes(which_profile);
  app.add_option("--deviations", options.deviations, "check the known deviations of a file instead")
      ->check(CLI::ExistingFile)
      ->excludes(which_profile);
  app.add_flag("--leaks", options.leaks, "with --deviations: also those that leak for good");
  app.add_option("--save", options.save, "where to write the shortest sequence that differs")
      ->capture_default_str();
  app.add_flag("--verbose", options.verbose, "progress, and a table of calls by kind");
  app.set_version_flag("--version",
                       fmt::format("random_calls of vmarea {}.{}.{}", VMAREA_VERSION / 10'000,
                                   VMAREA_VERSION / 100 % 100, VMAREA_VERSION % 100));
  try {
    app.parse(count, words);
    if (!parse_kinds(kinds, options.kinds)) {
      throw CLI::ValidationError("--kinds", kinds + " names no kinds");
    }
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return {};
  }
  options.shape = shapes.at(shape);
  if (pages) options.shape.pages = *pages;
  if (crowd) options.shape.crowd = *crowd;
  options.shape.small_nodes |= small_nodes;
  return options;
}

}  // namespace vmarea::live
