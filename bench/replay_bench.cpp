// SPDX-License-Identifier: MIT
//
// How long do the memory calls of a real program take, for each of them? They were recorded by
// follow --record; the same calls are made on an empty space of ours, and on a std::map that knows
// starts, ends and flags, splits at the edges of a change and merges what is alike.
#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

enum class Kind : unsigned char { map, unmap, protect, advise, move, heap };

struct Call {
  Kind kind;
  std::array<std::uint64_t, 6> arguments;
  std::uint64_t result;
};

constexpr std::uint64_t length_of(std::uint64_t bytes) {
  return (bytes + page - 1) & ~(page - 1);
}

/// An area of the image counts as a call that maps it.
Call call_of_area(Address start, Address end, std::uint64_t flags) {
  const std::uint64_t fixed = (map::private_ | map::anonymous | map::fixed).bits();
  return {Kind::map, {start, end - start, flags & flag::access.bits(), fixed, 0, 0}, start};
}

std::vector<Call> recorded(const std::string& file) {
  static const std::map<std::string, Kind> kinds = {
      {"mmap", Kind::map},       {"munmap", Kind::unmap}, {"mprotect", Kind::protect},
      {"madvise", Kind::advise}, {"mremap", Kind::move},  {"brk", Kind::heap}};
  std::vector<Call> calls;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string what, name;
    words >> what >> std::hex;
    if (what == "area") {
      std::uint64_t start = 0, end = 0, flags = 0;
      words >> start >> end >> flags;
      calls.push_back(call_of_area(start, end, flags));
      continue;
    }
    words >> name;
    const auto kind = kinds.find(name);
    if (kind == kinds.end()) continue;
    Call call{kind->second, {}, 0};
    for (std::uint64_t& argument : call.arguments) words >> argument;
    words >> call.result;
    calls.push_back(call);
  }
  return calls;
}

/// Every file descriptor is a file: what it really was is of no consequence for the time.
class Ours {
 public:
  void make(const Call& call) {
    const auto& a = call.arguments;
    switch (call.kind) {
      case Kind::map:
        map(call);
        break;
      case Kind::unmap:
        (void)space_.munmap(a[0], a[1]);
        break;
      case Kind::protect:
        (void)space_.mprotect(a[0], a[1], Protection(static_cast<std::uint32_t>(a[2])));
        break;
      case Kind::advise:
        (void)space_.madvise(a[0], a[1], static_cast<Advice>(a[2]));
        break;
      case Kind::move:
        (void)space_.mremap({.address = a[0],
                             .old_length = a[1],
                             .new_length = a[2],
                             .flags = remap::may_move | remap::fixed,
                             .new_address = call.result});
        break;
      case Kind::heap:
        heap(call);
        break;
    }
  }
  std::uint64_t area_count() const { return space_.area_count(); }

 private:
  void map(const Call& call) {
    const auto& a = call.arguments;
    MapFlags flags(static_cast<std::uint32_t>(a[3]));
    flags = flags.without(map::fixed_noreplace) | map::fixed;
    (void)space_.mmap({.address = call.result,
                       .length = a[1],
                       .protection = Protection(static_cast<std::uint32_t>(a[2])),
                       .flags = flags,
                       .file = flags.has_any(map::anonymous) ? nullptr : &files_[a[4] % 16],
                       .offset = a[5]});
  }
  /// The heap is a mapping like any other: the layout of the program is not known here.
  void heap(const Call& call) {
    if (heap_ != 0 && call.result > heap_) {
      (void)space_.mmap({.address = heap_,
                         .length = call.result - heap_,
                         .protection = read_write,
                         .flags = map::private_ | map::anonymous | map::fixed});
    }
    heap_ = length_of(call.result);
  }

  shims::File<Host> files_[16];
  Space space_;
  Address heap_ = 0;
};

class Tracker {
 public:
  void make(const Call& call) {
    const auto& a = call.arguments;
    switch (call.kind) {
      case Kind::map:
        put(call.result, length_of(a[1]), a[2] | a[3] << 8);
        break;
      case Kind::unmap:
        cut(a[0], a[0] + length_of(a[1]));
        break;
      case Kind::protect:
        protect(a[0], a[0] + length_of(a[1]), a[2]);
        break;
      case Kind::advise:
        break;
      case Kind::move:
        cut(a[0], a[0] + length_of(a[1]));
        put(call.result, length_of(a[2]), 3);
        break;
      case Kind::heap:
        if (heap_ != 0 && call.result > heap_) put(heap_, length_of(call.result - heap_), 3);
        heap_ = length_of(call.result);
        break;
    }
  }
  std::size_t area_count() const { return areas_.size(); }

 private:
  struct Held {
    Address end;
    std::uint64_t flags;
  };
  using Areas = std::map<Address, Held>;

  Areas::iterator split(Address at) {
    const auto above = areas_.lower_bound(at);
    if (above == areas_.begin() || (above != areas_.end() && above->first == at)) return above;
    const auto below = std::prev(above);
    if (below->second.end <= at) return above;
    const Held rest = below->second;
    below->second.end = at;
    return areas_.emplace_hint(above, at, rest);
  }
  void cut(Address start, Address end) {
    (void)split(start);
    const auto upto = split(end);
    areas_.erase(areas_.lower_bound(start), upto);
  }
  void merge(Address start, Address end) {
    auto area = areas_.lower_bound(start);
    if (area != areas_.begin()) --area;
    for (auto next = area; area != areas_.end() && ++next != areas_.end() && next->first <= end;) {
      if (area->second.end == next->first && area->second.flags == next->second.flags) {
        area->second.end = next->second.end;
        areas_.erase(next);
        next = area;
      } else {
        area = next;
      }
    }
  }
  void put(Address start, std::uint64_t length, std::uint64_t flags) {
    cut(start, start + length);
    areas_[start] = {start + length, flags};
    merge(start, start + length);
  }
  void protect(Address start, Address end, std::uint64_t protection) {
    (void)split(end);
    for (auto area = split(start); area != areas_.end() && area->first < end; ++area) {
      area->second.flags = (area->second.flags & ~std::uint64_t{7}) | protection;
    }
    merge(start, end);
  }

  Areas areas_;
  Address heap_ = 0;
};

template <class Player>
Runner player(std::string name, std::optional<Player>& at, const std::vector<Call>& calls) {
  return {std::move(name),
          [&at, &calls](std::size_t, std::size_t) {
            for (const Call& call : calls) at->make(call);
          },
          [&at] { at.emplace(); }, static_cast<double>(calls.size())};
}

Question replay(const std::string& program) {
  const std::string question = "replay " + program;
  const auto answer = [question, program](benchmark::State& state, const Layout& layout) {
    const std::vector<Call> calls = recorded(VMAREA_BENCH_DATA "/" + program + ".calls");
    demand(!calls.empty(), "there is no recording");
    std::optional<Ours> ours;
    std::optional<Tracker> tracker;
    const Subject subject = layout.subject(question);
    race(state, subject, 1, {player("ours", ours, calls), player("std::map", tracker, calls)});
    note(state, subject, "calls", static_cast<double>(calls.size()));
    note(state, subject, "areas", static_cast<double>(ours->area_count()));
    note(state, subject, "areas of the map", static_cast<double>(tracker->area_count()));
  };
  return {question, {"holes"}, Scale::once, answer};
}

[[maybe_unused]] const bool asked[] = {ask(replay("python3")), ask(replay("cc1plus"))};

}  // namespace
}  // namespace vmarea::bench
