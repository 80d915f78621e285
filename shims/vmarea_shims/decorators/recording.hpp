// SPDX-License-Identifier: MIT
//
// A host that writes down what it is asked, in order, so that a test can compare.
//
//   struct Host : Recording<Base>        where Recorder* Base::recorder() const;
//                                        null: nothing is written down
//
//   "lock space", "begin write", "leave 100-103", "notify resized 100-105", "unlock space"
//
// Ranges are half-open page numbers in hexadecimal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <vmarea/host/services.hpp>
#include <vmarea/text/names.hpp>

namespace vmarea::shims {

struct Recorder {
  bool on = false;
  std::vector<std::string> lines;

  void add(const char* what) {
    if (on) lines.emplace_back(what);
  }
  void add(const char* what, Range pages) {
    if (!on) return;
    char text[80];
    std::snprintf(text, sizeof text, "%s %llx-%llx", what,
                  static_cast<unsigned long long>(pages.start),
                  static_cast<unsigned long long>(pages.end));
    lines.emplace_back(text);
  }
  std::vector<std::string> take() { return std::exchange(lines, {}); }
};

template <class Base>
struct Recording : Base {
  using Base::Base;
  static constexpr bool has_area_locks = true;  // Asked for all the same.

  template <class SpaceLock>
  Result<void> lock_space(SpaceLock& space) noexcept {
    note("lock space");
    return Base::lock_space(space);
  }
  template <class SpaceLock>
  void unlock_space(SpaceLock& space) noexcept {
    note("unlock space");
    Base::unlock_space(space);
  }
  template <class SpaceLock>
  Result<void> lock_space_shared(SpaceLock& space) const noexcept {
    note("lock space shared");
    return Base::lock_space_shared(space);
  }
  template <class SpaceLock>
  void unlock_space_shared(SpaceLock& space) const noexcept {
    note("unlock space shared");
    Base::unlock_space_shared(space);
  }
  template <class SpaceLock, class AreaLock>
  void begin_area_write(SpaceLock& space, AreaLock& area) noexcept {
    note("begin write");
    Base::begin_area_write(space, area);
  }
  template <class File>
  void lock_file_mapping(File file) noexcept {
    note("lock file");
    Base::lock_file_mapping(file);
  }
  template <class File>
  void unlock_file_mapping(File file) noexcept {
    note("unlock file");
    Base::unlock_file_mapping(file);
  }
  void lock_identity(AnonIdentity identity) noexcept {
    note("lock identity");
    Base::lock_identity(identity);
  }
  void unlock_identity(AnonIdentity identity) noexcept {
    note("unlock identity");
    Base::unlock_identity(identity);
  }
  void begin_lock_all() noexcept {
    note("lock all");
    Base::begin_lock_all();
  }
  void end_lock_all() noexcept {
    note("unlock all");
    Base::end_lock_all();
  }
  template <class AreaType>
  void leave_trees(AreaType& area) noexcept {
    note("leave", area.range());
    Base::leave_trees(area);
  }
  template <class AreaType>
  void enter_trees(AreaType& area) noexcept {
    note("enter", area.range());
    Base::enter_trees(area);
  }
  template <class AreaType>
  void unlink(AreaType& area) noexcept {
    note("unlink", area.range());
    Base::unlink(area);
  }
  template <class Links, class AreaType>
  void clone_links(Links& links, AreaType& area, const AreaType& source) noexcept {
    note("clone links", area.range());
    Base::clone_links(links, area, source);
  }
  template <class Pages>
  void unmap_pages(Pages& pages, Range range) noexcept {
    note("unmap pages", range);
    Base::unmap_pages(pages, range);
  }
  template <class Pages>
  void free_tables(Pages& pages, Range range, Range between) noexcept {
    note("free tables between", between);
    Base::free_tables(pages, range, between);
  }
  template <class Pages>
  void move_pages(Pages& pages, Range from, Address to) noexcept {
    note("move pages", from);
    Base::move_pages(pages, from, to);
  }
  template <class Pages>
  void protect_pages(Pages& pages, Range range, Flags flags) noexcept {
    note("protect pages", range);
    Base::protect_pages(pages, range, flags);
  }
  static constexpr bool has_notices = true;
  template <class NoticeType>
  void notify(const NoticeType& notice) noexcept {
    note((std::string("notify ") + name(notice.event)).c_str(), notice.area.range());
    if constexpr (Base::has_notices) Base::notify(notice);
  }

 private:
  void note(const char* what) const noexcept {
    if (Recorder* recorder = Base::recorder()) recorder->add(what);
  }
  void note(const char* what, Range range) noexcept {
    const Geometry geometry = Base::geometry();
    Recorder* recorder = Base::recorder();
    if (recorder != nullptr) {
      recorder->add(what, {geometry.pages(range.start), geometry.pages(range.end)});
    }
  }
};

}  // namespace vmarea::shims
