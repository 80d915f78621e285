// SPDX-License-Identifier: MIT
//
// Shared memory of System V: segments with keys, ids, permissions and counts, for every host whose
// file handle is a shims::File, or a type derived from it.
//
//   Segments<Host> segments;                          get      shmget
//   const auto id = segments.get({.key = 7,           attach   shmat
//       .bytes = 0x3000, .create = true});            remove   shmctl(IPC_RMID)
//   segments.attach(space, *id, {});                  status   shmctl(IPC_STAT)
//   space.detach_shared(at);                          shmdt is the space's own
//
//   segment 0 "/SYSV00000007"  <--  attachment: a file of its own  <--  areas: one, or its pieces
//                              <--  attachment                     <--  ... of this space or a
//                              child
//
// Each attach is an open file of its own, so that two never join and detach finds its pieces alone;
// it has a close hook, so that pieces stay apart; and it has a chooser of addresses (rules 12.3,
// 14.5). The count is that of areas: split and fork add to it, unmapping and exit take away. A
// removed segment goes with the last of them. Who may do what is of shmget(2), shmat(2), shmctl(2)
// and sysvipc(7); the order of errors was seen on 6.18. No memory is charged for a segment.
//
// One thread at a time uses segments, and the spaces that have some of them attached.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include <vmarea/address_space.hpp>
#include <vmarea_shims/proc/area_names.hpp>

namespace vmarea::shims {

/// What shmget and shmat answer with and ask for.
enum class SegmentId : std::int32_t {};
using SegmentKey = std::int32_t;
inline constexpr SegmentKey private_key = 0;  // IPC_PRIVATE: always a new segment.

/// Who asks. The default may do everything, as root.
struct SegmentCaller {
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  bool may_all = true;  // CAP_IPC_OWNER and CAP_SYS_ADMIN.
};

struct SegmentRequest {
  SegmentKey key = private_key;
  std::uint64_t bytes = 0;  // Of one that exists: at least so many.
  bool create = false;      // IPC_CREAT
  bool exclusive = false;   // IPC_EXCL
  unsigned mode = 0600;     // Permissions of a new one, or those wanted of one that exists.
};

struct SegmentStatus {
  SegmentKey key = private_key;  // That of a removed one is private.
  std::uint64_t bytes = 0;       // As asked for; mappings are rounded up to pages.
  std::uint64_t attached = 0;    // Areas, in all spaces, and attachments that are being made.
  unsigned mode = 0;             // Permissions.
  SegmentCaller owner{};
  bool removed = false;  // Goes with its last area.
};

/// shmmax, shmall, shmmni.
struct SegmentLimits {
  std::uint64_t bytes_max = ~std::uint64_t{0} - (std::uint64_t{1} << 24);
  PageCount pages_max = ~std::uint64_t{0} - (std::uint64_t{1} << 24);
  std::uint64_t count_max = 4096;
};

/// A driver's that is told of every end: what was cut stays apart.
template <class Services>
inline constexpr AreaHooks<Services> segment_hooks{.close = [](Area<Services>&) noexcept {}};

template <class Services>
class Segments {
  using HostFile = std::remove_pointer_t<typename Services::FileHandle>;
  static_assert(std::is_base_of_v<File<Services>, HostFile>, "the host's files are shims::File");
  struct Segment;

  /// The open file of one attach.
  struct AttachedFile : HostFile {
    Segment* segment = nullptr;
    AttachedFile* next = nullptr;
  };

  struct Segment {
    SegmentId id{};
    SegmentStatus status;
    PageCount pages = 0;
    Segments* owner = nullptr;
    Segment* next = nullptr;
    AttachedFile* files = nullptr;
    HostFile memory{};  // What all attachments share where files have a reverse map.
    std::array<char, sizeof "/SYSV01234567 (deleted)"> path{};
  };

 public:
  using Request = AttachRequest<Services>;

  /// What AddressSpace::attach_shared or plan_attach_shared is given. It counts as attached until
  /// it goes out of scope; the file stays while areas have it, and goes with this if none took it.
  class Attachment {
   public:
    constexpr Attachment() noexcept = default;
    Attachment(Attachment&& other) noexcept : request_(std::exchange(other.request_, Request{})) {}
    Attachment& operator=(Attachment&& other) noexcept {
      std::swap(request_, other.request_);
      return *this;
    }
    ~Attachment() {
      if (request_.segment != nullptr && --request_.segment->references == 0) {
        end_file(request_.segment);
      }
    }
    const Request& request() const noexcept { return request_; }

   private:
    friend class Segments;
    explicit Attachment(const Request& request) noexcept : request_(request) {}
    Request request_{};
  };

  /// The geometry is that of the spaces.
  explicit Segments(const SegmentLimits& limits = {}, const Geometry& geometry = {}) noexcept
      : geometry_(geometry), limits_(limits) {}
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;
  /// Requires: no space has a segment attached.
  ~Segments() {
    while (first_ != nullptr) {
      require<Services>(first_->files == nullptr, "segments end after the spaces that have them");
      end(*first_);
    }
  }

  /// The segment with that key, or a new one. Errors: exists (exclusive); no_entry (not to be
  /// created); invalid (the size of a new one, or an older one is smaller); access_denied (the mode
  /// grants not all that is wanted); no_space (limits); no_memory.
  Result<SegmentId> get(const SegmentRequest& wanted, const SegmentCaller& caller = {}) noexcept {
    const Segment* const found = wanted.key == private_key ? nullptr : find_key(wanted.key);
    if (found == nullptr) {
      if (wanted.key != private_key && !wanted.create) return Error::no_entry;
      return make(wanted, caller);
    }
    if (wanted.create && wanted.exclusive) return Error::exists;
    if (wanted.bytes > found->status.bytes) return Error::invalid;
    const unsigned asked = wanted.mode >> 6 | wanted.mode >> 3 | wanted.mode;
    if (!grants(found->status, caller, asked & 7)) return Error::access_denied;
    return found->id;
  }

  /// A fresh file for an attach of the segment; `request` is what shmat is asked for, its segment
  /// aside. Errors: invalid (the address, or no segment has that id), access_denied, no_memory.
  Result<Attachment> open(SegmentId id, Request request,
                          const SegmentCaller& caller = {}) noexcept {
    using Access = typename Request::Access;
    const Result<Address> at = find_attach_address(geometry_, request);
    if (!at) return at.error();
    Segment* const segment = find(id);
    if (segment == nullptr) return Error::invalid;
    const bool writes = request.access == Access::read_write;
    const bool executes = request.access == Access::read_exec;
    const bool all = request.access == Access::read_write_exec;
    const unsigned asked = 4u | (writes || all ? 2u : 0u) | (executes || all ? 1u : 0u);
    if (!grants(segment->status, caller, asked)) return Error::access_denied;
    request.segment = open_file(*segment);
    if (request.segment == nullptr) return Error::no_memory;
    return Attachment(request);
  }

  /// As shmat. Errors: those of open(), and of AddressSpace::attach_shared.
  Result<Address> attach(AddressSpace<Services>& space, SegmentId id, const Request& request,
                         const SegmentCaller& caller = {}) noexcept {
    const Result<Attachment> opened = open(id, request, caller);
    if (!opened) return opened.error();
    return space.attach_shared(opened->request());
  }

  /// No key leads to it from now on, and it goes with its last area; until then its id can be
  /// attached. Errors: invalid (no segment has that id), not_permitted.
  Result<void> remove(SegmentId id, const SegmentCaller& caller = {}) noexcept {
    Segment* const segment = find(id);
    if (segment == nullptr) return Error::invalid;
    if (!caller.may_all && caller.user != segment->status.owner.user) return Error::not_permitted;
    segment->status.key = private_key;
    segment->status.removed = true;
    if (segment->files == nullptr) end(*segment);
    return {};
  }

  /// Errors: invalid (no segment has that id), access_denied (it may not be read).
  Result<SegmentStatus> status(SegmentId id, const SegmentCaller& caller = {}) const noexcept {
    const Segment* const segment = find(id);
    if (segment == nullptr) return Error::invalid;
    if (!grants(segment->status, caller, 4)) return Error::access_denied;
    SegmentStatus status = segment->status;
    for (const AttachedFile* file = segment->files; file != nullptr; file = file->next) {
      status.attached += file->references;
    }
    return status;
  }

  /// Segments that there are, removed ones that are attached included.
  std::uint64_t count() const noexcept { return count_; }

  /// The last id that a segment can have.
  static constexpr SegmentId id_max{std::numeric_limits<std::int32_t>::max()};
  /// The id of the next new segment, unless another one has it.
  void set_next_id_for_test(SegmentId id) noexcept { next_id_ = static_cast<std::int32_t>(id); }

  // As maps shows an area: AreaNames, for maps_text().
  ShownFile shown_file(const Description<Services>& area) const noexcept {
    if (area.file == nullptr || area.file->ended != &file_ended) return {};
    const Segment& segment = *static_cast<const AttachedFile*>(area.file)->segment;
    return {.device = {0, 1},
            .inode = static_cast<std::uint64_t>(segment.id),
            .path = {segment.path.data(), segment.path.size() - 1}};
  }
  static std::string_view memory_name(MemoryName) noexcept { return {}; }

 private:
  /// Whether all of `asked` (read 4, write 2, execute 1) is granted.
  static bool grants(const SegmentStatus& status, const SegmentCaller& caller,
                     unsigned asked) noexcept {
    if (caller.may_all) return true;
    const unsigned shift = caller.user == status.owner.user     ? 6
                           : caller.group == status.owner.group ? 3
                                                                : 0;
    return (asked & ~(status.mode >> shift)) == 0;
  }

  Segment* find_key(SegmentKey key) const noexcept {
    Segment* segment = first_;
    while (segment != nullptr && segment->status.key != key) segment = segment->next;
    return segment;
  }
  Segment* find(SegmentId id) const noexcept {
    Segment* segment = first_;
    while (segment != nullptr && segment->id != id) segment = segment->next;
    return segment;
  }

  Result<SegmentId> make(const SegmentRequest& wanted, const SegmentCaller& caller) noexcept {
    if (wanted.bytes == 0 || wanted.bytes > limits_.bytes_max) return Error::invalid;
    const std::uint64_t rest = wanted.bytes & (geometry_.page_size() - 1);
    const PageCount pages = geometry_.pages(wanted.bytes) + (rest != 0 ? 1 : 0);
    if (pages > limits_.pages_max - pages_ || count_ >= limits_.count_max) return Error::no_space;
    auto* const segment = new (std::nothrow) Segment;
    if (segment == nullptr) return Error::no_memory;
    segment->id = take_id();
    segment->status = {
        .key = wanted.key, .bytes = wanted.bytes, .mode = wanted.mode & 0777, .owner = caller};
    segment->pages = pages;
    segment->owner = this;
    std::snprintf(segment->path.data(), segment->path.size(), "/SYSV%08x (deleted)",
                  static_cast<unsigned>(wanted.key));
    segment->next = std::exchange(first_, segment);
    pages_ += pages;
    ++count_;
    return segment->id;
  }

  /// Ids come in order. Behind the last number they begin again at 0, and an id that a segment
  /// still has is passed by: a program may make and remove segments for as long as it runs.
  SegmentId take_id() noexcept {
    for (;;) {
      const SegmentId id{next_id_};
      next_id_ = id == id_max ? 0 : next_id_ + 1;
      if (find(id) == nullptr) return id;
    }
  }

  void end(Segment& segment) noexcept {
    unlink(first_, segment);
    pages_ -= segment.pages;
    --count_;
    delete &segment;
  }

  static AttachedFile* open_file(Segment& segment) noexcept {
    auto* const file = new (std::nothrow) AttachedFile;
    if (file == nullptr) return nullptr;
    file->rules.placement = Placement::own;
    file->rules.segment_bytes = segment.status.bytes;
    file->hooks = &segment_hooks<Services>;
    file->references = 1;
    file->ended = &file_ended;
    if constexpr (requires { file->mapping; }) file->mapping = segment.memory.mapping;
    file->segment = &segment;
    file->next = std::exchange(segment.files, file);
    return file;
  }

  static void file_ended(File<Services>& ended) noexcept {
    auto& file = static_cast<AttachedFile&>(static_cast<HostFile&>(ended));
    Segment& segment = *file.segment;
    unlink(segment.files, file);
    delete &file;
    if (segment.files == nullptr && segment.status.removed) segment.owner->end(segment);
  }

  template <class Node>
  static void unlink(Node*& first, const Node& gone) noexcept {
    Node** at = &first;
    while (*at != &gone) at = &(*at)->next;
    *at = gone.next;
  }

  Geometry geometry_;
  SegmentLimits limits_;
  Segment* first_ = nullptr;
  PageCount pages_ = 0;
  std::uint64_t count_ = 0;
  std::int32_t next_id_ = 0;
};

}  // namespace vmarea::shims
