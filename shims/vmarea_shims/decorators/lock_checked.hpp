// SPDX-License-Identifier: MIT
//
// A host that checks how its locks are used (rules 26.1, 27).
//
//   space > area > file mapping > identity root     never taken upwards, never twice
//
// A space's sequence is odd while it is locked; an area is write-locked while its number equals the
// space's, so that unlocking the space ends all area locks. It also checks that the door's calls
// come with the locks they need. What a thread holds is kept in a book of that thread; a breach
// goes to the book's handler, else to assertion_failed.
#pragma once

#include <cstdint>
#include <cstring>

#include <vmarea/host/services.hpp>

namespace vmarea::shims {

template <class Base>
struct LockChecked : Base {
  using Base::Base;

  /// A file handle as a number, whatever its type is: a host above may have one of its own. 0:
  /// none.
  using FileKey = std::uint64_t;
  template <class FileHandle>
  static FileKey key_of(const FileHandle& file) noexcept {
    static_assert(sizeof(FileHandle) <= sizeof(FileKey), "a file handle is a pointer or a number");
    FileKey key = 0;
    if (!(file == FileHandle{})) std::memcpy(&key, &file, sizeof(file));
    return key;
  }

  struct SpaceLock {
    std::uint64_t sequence = 0;     // Odd: locked.
    std::uint64_t area_writes = 0;  // Begun since it was locked.
    [[no_unique_address]] typename Base::SpaceLock inner{};

    bool locked() const noexcept { return sequence % 2 == 1; }
    ~SpaceLock() {
      expect(!locked(), "a space ends unlocked");
      expect(!book().reads(*this), "a space ends after its readers");
    }
  };

  static constexpr bool has_area_locks = true;
  struct AreaLock {
    std::uint64_t written_at = ~std::uint64_t{0};
    const SpaceLock* space = nullptr;  // Of the last write.
    bool attached = false;
    [[no_unique_address]] typename Base::AreaLock inner{};

    bool write_locked() const noexcept {
      return space != nullptr && space->locked() && written_at == space->sequence;
    }
    ~AreaLock() { expect(!attached, "an area ends detached"); }
  };

  /// What the current thread holds.
  struct Book {
    static constexpr unsigned spaces_max = 4;
    SpaceLock* spaces[spaces_max] = {};
    unsigned space_count = 0;
    const SpaceLock* read[spaces_max] = {};  // Locked shared.
    unsigned read_count = 0;
    FileKey file = 0;
    AnonIdentity root{};
    AnonIdentity born{};  // Made under the space lock: no page has it, so no walk looks for it.
    // With all locks of a space, many are held; the sums tell whether the same ones are given back.
    bool locks_all = false;
    std::uint64_t file_count = 0;
    FileKey file_sum = 0;
    std::uint64_t root_count = 0;
    std::uint64_t root_sum = 0;
    void (*on_breach)(const char* promise) noexcept = nullptr;  // For tests of breaches.

    bool holds(const SpaceLock& space) const noexcept {
      for (unsigned i = 0; i < space_count; ++i) {
        if (spaces[i] == &space) return true;
      }
      return false;
    }
    bool reads(const SpaceLock& space) const noexcept {
      for (unsigned i = 0; i < read_count; ++i) {
        if (read[i] == &space) return true;
      }
      return false;
    }
    bool holds_root() const noexcept { return root || root_count != 0; }
    bool holds_below_areas() const noexcept { return file != 0 || file_count != 0 || holds_root(); }
    bool holds_nothing() const noexcept {
      return space_count == 0 && read_count == 0 && !holds_below_areas() && !locks_all;
    }
  };
  static Book& book() noexcept {
    static thread_local Book of_this_thread;
    return of_this_thread;
  }
  static void expect(bool kept, const char* promise) noexcept {
    if (kept) return;
    if (book().on_breach != nullptr) {
      book().on_breach(promise);
    } else {
      Base::assertion_failed(promise);
    }
  }

  // Locks.
  Result<void> lock_space(SpaceLock& space) noexcept {
    expect(!book().holds(space), "a space is locked once");
    expect(!book().reads(space), "who reads a space does not change it");
    expect_above_areas();
    const Result<void> taken = Base::lock_space(space.inner);
    if (!taken) return taken;
    expect(book().space_count < Book::spaces_max, "a thread locks few spaces");
    book().spaces[book().space_count++] = &space;
    ++space.sequence;
    space.area_writes = 0;
    return taken;
  }
  void unlock_space(SpaceLock& space) noexcept {
    assert_space_locked(space);
    expect_nothing_below("a space is unlocked after everything below it");
    book().space_count = without(book().spaces, book().space_count, &space);
    book().born = {};
    ++space.sequence;
    Base::unlock_space(space.inner);
  }
  Result<void> lock_space_shared(SpaceLock& space) const noexcept {
    expect(!book().holds(space), "who changes a space does not read-lock it");
    expect(!book().reads(space), "a space is read-locked once");
    expect_above_areas();
    const Result<void> taken = Base::lock_space_shared(space.inner);
    if (!taken) return taken;
    expect(book().read_count < Book::spaces_max, "a thread reads few spaces");
    book().read[book().read_count++] = &space;
    return taken;
  }
  void unlock_space_shared(SpaceLock& space) const noexcept {
    expect(book().reads(space), "only a read-locked space is read-unlocked");
    expect_nothing_below("a space is unlocked after everything below it");
    book().read_count = without(book().read, book().read_count, &space);
    Base::unlock_space_shared(space.inner);
  }
  void assert_space_locked(SpaceLock& space) noexcept {
    expect(space.locked() && book().holds(space), "the space lock is held");
    Base::assert_space_locked(space.inner);
  }
  void begin_area_write(SpaceLock& space, AreaLock& area) noexcept {
    assert_space_locked(space);
    expect_nothing_below("areas are locked before files and identities");
    note_write(space, area);
    Base::begin_area_write(space.inner, area.inner);
  }
  bool begin_area_read(SpaceLock& space, AreaLock& area) const noexcept {
    expect(!book().holds(space), "who changes a space does not read-lock its areas");
    return Base::begin_area_read(space.inner, area.inner);
  }
  void end_area_read(AreaLock& area) const noexcept { Base::end_area_read(area.inner); }
  void attach_area(SpaceLock& space, AreaLock& area) noexcept {
    assert_space_locked(space);
    expect(!area.attached, "an area is attached once");
    area.attached = true;
    note_write(space, area);
    Base::attach_area(space.inner, area.inner);
  }
  void detach_area(AreaLock& area) noexcept {
    expect(area.attached, "only an attached area is detached");
    expect(area.write_locked(), "an area is detached under its write lock");
    area.attached = false;
    Base::detach_area(area.inner);
  }
  template <class FileHandle>
  void lock_file_mapping(FileHandle file) noexcept {
    expect_a_space();
    expect(key_of(file) != 0, "no file has no mapping to lock");
    expect(book().file == 0, "one file mapping is locked at a time");
    expect(!book().holds_root(), "a file mapping is locked before an identity");
    if (book().locks_all) {
      ++book().file_count;
      book().file_sum += key_of(file);
    } else {
      book().file = key_of(file);
    }
    Base::lock_file_mapping(file);
  }
  template <class FileHandle>
  void unlock_file_mapping(FileHandle file) noexcept {
    if (book().locks_all) {
      --book().file_count;
      book().file_sum -= key_of(file);
    } else {
      expect(book().file == key_of(file), "only a locked file mapping is unlocked");
      book().file = 0;
    }
    Base::unlock_file_mapping(file);
  }
  void lock_identity(AnonIdentity identity) noexcept {
    expect_a_space();
    expect(!book().root, "one identity root is locked at a time");
    if (book().locks_all) {
      ++book().root_count;
      book().root_sum += root_of_checked(identity).value();
    } else {
      book().root = root_of_checked(identity);
    }
    Base::lock_identity(identity);
  }
  void unlock_identity(AnonIdentity identity) noexcept {
    if (book().locks_all) {
      --book().root_count;
      book().root_sum -= root_of_checked(identity).value();
    } else {
      expect(book().root && book().root == root_of_checked(identity),
             "only a locked identity is unlocked");
      book().root = {};
    }
    Base::unlock_identity(identity);
  }
  void begin_lock_all() noexcept {
    expect_a_space();
    expect_nothing_below("everything is locked before anything below a space");
    expect(!book().locks_all, "everything is locked once");
    book().locks_all = true;
    Base::begin_lock_all();
  }
  void end_lock_all() noexcept {
    Book& held = book();
    expect(held.locks_all, "only who locked everything ends that");
    const bool same =
        held.file_count == 0 && held.file_sum == 0 && held.root_count == 0 && held.root_sum == 0;
    expect(same, "with all locks, the same are unlocked that were locked");
    held.locks_all = false;
    Base::end_lock_all();
  }

  // What needs locks.
  template <class AreaType>
  void leave_trees(AreaType& area) noexcept {
    expect_reverse_map_locked(area);
    Base::leave_trees(area);
  }
  template <class AreaType>
  void enter_trees(AreaType& area) noexcept {
    expect_reverse_map_locked(area);
    Base::enter_trees(area);
  }
  template <class AreaType>
  void unlink(AreaType& area) noexcept {
    expect_reverse_map_locked(area);
    Base::unlink(area);
  }
  template <class Links, class AreaType>
  void clone_links(Links& links, AreaType& area, const AreaType& source) noexcept {
    expect_identity_locked(area.identity);
    Base::clone_links(links, area, source);
  }
  template <class Links, class AreaType>
  AnonIdentity new_identity(Links& links, AreaType& area) noexcept {
    expect_a_space();
    return book().born = Base::new_identity(links, area);
  }
  template <class Links, class AreaType>
  AnonIdentity fork_links(Links& links, AreaType& area, const AreaType& source) noexcept {
    if (source.identity) expect_identity_locked(source.identity);
    return Base::fork_links(links, area, source);
  }
  static constexpr bool has_notices = true;
  template <class NoticeType>
  void notify(const NoticeType& notice) noexcept {
    const Event event = notice.event;
    const auto& area = notice.area;
    const bool gone = event == Event::unmapped || event == Event::merged_away;
    const bool is_new = event == Event::mapped || event == Event::split || event == Event::forked;
    expect(area.lock.attached != gone,
           gone ? "what is told to be gone is detached" : "what is told to stand is attached");
    if (event == Event::touched || is_new) {
      expect_a_space();
    } else {
      expect(area.lock.write_locked(), "a changed area is write-locked");
    }
    if constexpr (Base::has_notices) Base::notify(notice);
  }

 private:
  static AnonIdentity root_of_checked(AnonIdentity identity) noexcept {
    if constexpr (Base::has_reverse_map) {
      return Base::root_of(identity);
    } else {
      return identity;
    }
  }
  static void note_write(SpaceLock& space, AreaLock& area) noexcept {
    area.written_at = space.sequence;
    area.space = &space;
    ++space.area_writes;
  }
  static void expect_a_space() noexcept {
    expect(book().space_count > 0, "some space lock is held");
  }
  static void expect_nothing_below(const char* promise) noexcept {
    expect(!book().holds_below_areas(), promise);
  }
  static void expect_identity_locked(AnonIdentity identity) noexcept {
    if (identity == book().born) return;
    expect(identity && book().root == root_of_checked(identity), "the identity's root is locked");
  }
  template <class AreaType>
  static void expect_reverse_map_locked(const AreaType& area) noexcept {
    expect_a_space();
    if (area.identity) expect_identity_locked(area.identity);
    if (key_of(area.file) != 0) {
      expect(book().file == key_of(area.file), "the file's mapping is locked");
    }
  }
  static void expect_above_areas() noexcept {
    expect_nothing_below("a space is locked before anything below it");
    for (unsigned i = 0; i < book().space_count; ++i) {
      expect(book().spaces[i]->area_writes == 0, "both spaces are locked before any area");
    }
  }
  /// Takes a space out of a list of the book, and gives how many are left.
  template <class Space>
  static unsigned without(Space** list, unsigned count, const SpaceLock* space) noexcept {
    unsigned kept = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (list[i] != space) list[kept++] = list[i];
    }
    return kept;
  }
};

/// A host with every promise checked, and every use of its locks.
template <class Base>
struct Checked : LockChecked<Base> {
  using LockChecked<Base>::LockChecked;
  static constexpr bool checks = true;
};

}  // namespace vmarea::shims
