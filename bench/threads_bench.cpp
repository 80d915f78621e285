// SPDX-License-Identifier: MIT
//
// What do threads cost? Lookups that need no lock and locks of areas, against the host for one
// thread; and how fast a thread is beside another one, against itself alone.
//
//   find      with its flags, in a section of its own: as a reader that joined, as a guest
//   protect   [wwwwwwww) -> [ww)[rr)[ww) -> [wwwwwwww)      published, with locks of areas
//
//   readers   one; two; beside a writer of another space, of the same one
//   writer    alone, beside such a reader; flat out, and with 1 us of a host's work a call
//
// The other way to share a map is a std::map under a std::shared_mutex.
#include <mutex>
#include <shared_mutex>

#include <vmarea_shims/threaded.hpp>

#include "support/beside.hpp"
#include "support/noise.hpp"
#include "support/peers.hpp"
#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

using Threaded = AddressSpace<shims::Threaded>;

constexpr std::uint64_t part_bytes = 4 * page;
constexpr std::size_t at_once = 16;  // What a job does before it looks whether to end.

std::vector<Place> shuffled_places(const Layout& layout) {
  std::vector<Place> order;
  for (const std::uint32_t i : random_order(layout, true)) order.push_back(layout.places[i]);
  return order;
}

template <class Find>
Runner finder(std::string name, const std::vector<Place>& order, Find find) {
  return {std::move(name), [&order, find](std::size_t first, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
              consume(find(order[(first + i) % order.size()].start + page));
            }
          }};
}
template <class Space>
void protect(Space& space, Address at) {
  const bool done = space.mprotect(at, part_bytes, prot::read).has_value() &&
                    space.mprotect(at, part_bytes, read_write).has_value();
  demand(done, "refused");
}
template <class Space>
Runner protector(std::string name, const std::vector<Place>& order, Space& space) {
  return {std::move(name), [&order, &space](std::size_t first, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
              protect(space, order[(first + i) % order.size()].start + part_bytes);
            }
          }};
}

/// One layout on both hosts.
struct Hosts {
  explicit Hosts(const Layout& layout) : order(shuffled_places(layout)) {
    populate(alone, layout);
    populate(shared, layout);
  }
  std::vector<Place> order;
  AddressSpace<shims::Userland> alone;
  Threaded shared;
};

void find_on_both(benchmark::State& state, const Layout& layout) {
  const Hosts hosts(layout);
  const std::vector<Place>& order = hosts.order;
  const auto look_up = [&hosts](Address at) {
    return hosts.shared.lookups().find(at).flags.bits();
  };
  const Runner as_guest = finder("guest, find", order, look_up);
  Runner as_reader = finder("threaded, find", order, look_up);
  as_reader.run = [joined = as_reader.run](std::size_t first, std::size_t count) {
    const shims::ReaderThread here;
    joined(first, count);
  };
  race(state, layout.subject("threads"), 4096,
       {finder("userland, find", order,
               [&hosts](Address at) { return hosts.alone.find(at)->flags.bits(); }),
        as_reader, as_guest});
}
void protect_on_both(benchmark::State& state, const Layout& layout) {
  Hosts hosts(layout);
  race(state, layout.subject("threads, protect"), 512,
       {protector("userland, protect", hosts.order, hosts.alone),
        protector("threaded, protect", hosts.order, hosts.shared)});
}

/// As long as a host's own system call takes, on the processor.
void host_work() {
  const double end = 1000 + processor_time();
  while (processor_time() < end) {
  }
}

/// Two spaces of one layout, and what threads do to them.
struct Land {
  explicit Land(const Layout& layout) : order(shuffled_places(layout)) {
    populate(first, layout);
    populate(second, layout);
  }

  Job reader(const Threaded& space, std::size_t at = 0) const {
    return [this, &space, at]() mutable {
      static thread_local const shims::ReaderThread here;
      for (std::size_t i = 0; i < at_once; ++i) {
        consume(space.lookups().find(order[++at % order.size()].start + page).flags.bits());
      }
      return std::uint64_t{at_once};
    };
  }
  Job writer(Threaded& space, bool works) const {
    return [this, &space, works, at = std::size_t{0}]() mutable {
      protect(space, order[++at % order.size()].start + part_bytes);
      if (works) host_work();
      if (works) host_work();
      return std::uint64_t{1};
    };
  }

  std::vector<Place> order;
  Threaded first;
  Threaded second;
};

/// The same question of a map under a lock.
struct LockedMap {
  explicit LockedMap(const Layout& layout) : order(shuffled_places(layout)) {
    for (const Place& place : layout.places) map.insert(place);
  }
  Job reader() {
    return [this, at = std::size_t{0}]() mutable {
      for (std::size_t i = 0; i < at_once; ++i) {
        const std::shared_lock lock(mutex);
        consume(map.find(order[++at % order.size()].start + page)->flags);
      }
      return std::uint64_t{at_once};
    };
  }
  Job writer() {
    return [this, at = std::size_t{0}]() mutable {
      const std::scoped_lock lock(mutex);
      const Address part = order[++at % order.size()].start + part_bytes;
      map.split(part, part + part_bytes, prot::read.bits());
      map.merge(part, read_write.bits());
      return std::uint64_t{1};
    };
  }

  std::vector<Place> order;
  StdMap map;
  std::shared_mutex mutex;
};

/// Threads beside each other. Nanoseconds of one lookup, and of one protect cycle.
void threads_beside(benchmark::State& state, const Layout& layout) {
  const Subject subject = layout.subject("threads, beside");
  Land land(layout);
  LockedMap locked(layout);
  for (auto _ : state) {
    const auto tell = [&](const std::vector<Job>& jobs, const std::vector<std::string>& names,
                          Count blocks = Count::undisturbed) {
      const std::vector<double> times = times_beside(jobs, blocks);
      for (std::size_t i = 0; i < names.size(); ++i) note(state, subject, names[i], times[i]);
    };
    const Job reader = land.reader(land.first), other_reader = land.reader(land.first, 500);
    const Job flat_out = land.writer(land.first, false), works = land.writer(land.first, true);
    tell({reader}, {"reader"});
    tell({reader, other_reader}, {"reader, beside a reader"});
    tell({flat_out}, {"writer"});
    tell({works}, {"working writer"});
    tell({reader, land.writer(land.second, false)},
         {"reader, writer elsewhere", "writer, reader elsewhere"});
    tell({reader, works}, {"reader, beside a working writer", "working writer, beside a reader"});
    tell({reader, flat_out}, {"reader, beside a writer", "writer, beside a reader"});
    tell({locked.reader()}, {"locked map, reader"});
    tell({locked.reader(), locked.writer()}, {"locked map, reader beside a writer"}, Count::all);
    state.SetIterationTime(1e-9);
  }
}

[[maybe_unused]] const bool asked =
    ask({"threads", {"holes"}, Scale::any, find_on_both}) &&
    ask({"threads, protect", {"holes"}, Scale::any, protect_on_both}) &&
    ask({"threads, beside", {"holes"}, Scale::any, threads_beside, 1});

}  // namespace
}  // namespace vmarea::bench
