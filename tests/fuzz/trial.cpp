// SPDX-License-Identifier: MIT
#include "fuzz/trial.hpp"

#include "fuzz/lands/lands.hpp"

namespace vmarea::test::fuzz {

const std::vector<KindOfLand> kinds_of_land = {
    {"plain", make_plain},         {"tiny", make_tiny}, {"long_way", make_long_way},
#ifndef VMAREA_FEW_LANDS
    {"published", make_published}, {"wide", make_wide},
#endif
};

namespace {

struct NamedLand {
  const char* name;
  std::unique_ptr<Land> land;
};

std::string take_step(std::vector<NamedLand>& lands, const Step& step) {
  const bool must_beat = step.between != Between::nothing;
  bool beats = step.beats;
  for (NamedLand& each : lands) {
    const Form form = must_beat || beats ? Form::beat_by_beat : Form::in_one_go;
    beats = !beats;
    const std::string wrong = each.land->take(step, form);
    if (!wrong.empty()) return fmt::format("{}: {}", each.name, wrong);
    const Seen& first = lands.front().land->seen();
    const std::string other = differences(first, each.land->seen());
    if (!other.empty()) {
      return fmt::format("{} and {} differ: {}", lands.front().name, each.name, other);
    }
  }
  return {};
}

}  // namespace

std::string try_sequence(const Sequence& sequence, Tally* tally) {
  std::vector<NamedLand> lands;
  for (const KindOfLand& kind : kinds_of_land) {
    std::unique_ptr<Land> land = kind.make(sequence.scene);
    if (land != nullptr) lands.push_back({kind.name, std::move(land)});
  }
  for (const Step& step : sequence.steps) {
    const std::string wrong = take_step(lands, step);
    if (!wrong.empty()) return wrong + "at " + text_of(step);
    if (tally == nullptr) continue;
    const bool good = lands.front().land->seen().answer.error == Error::none;
    ++(good ? tally->succeeded : tally->failed)[static_cast<std::size_t>(step.call.kind)];
  }
  for (NamedLand& each : lands) {
    const std::string left = each.land->end();
    if (!left.empty()) return fmt::format("{}: {}at the end\n", each.name, left);
  }
  return {};
}

}  // namespace vmarea::test::fuzz
