// SPDX-License-Identifier: MIT
//
// Attributes kept once: a table from content to the one object with it, and how many areas have it.
//
//   struct Host : InternedAttributes<Host>, ... {
//     AttributeTable& attribute_table() const noexcept;      shared by spaces that fork
//     void* allocate_attributes(std::size_t bytes, std::size_t alignment) noexcept;
//     void free_attributes(void* object, std::size_t bytes, std::size_t alignment) noexcept;
//   };
//
//   [policy 1, context 7] --rest--> [policy 1]        so that what is left of attributes without
//   [context 7]           --rest--> none              their context is there as long as they are
//
// What no area has goes when the last scope of interning ends. The table does not grow: it is made
// for hundreds of contents, not for a million.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

#include <vmarea/host/absent.hpp>

namespace vmarea::shims {

/// One content. Its address is its name.
struct InternedContent : Attributes {
  InternedContent(const Attributes& content, InternedContent* without_context) noexcept
      : Attributes(content), rest(without_context) {}

  std::uint64_t references = 0;     // Areas that have it, and contents whose rest it is.
  InternedContent* rest = nullptr;  // Without the context; null: nothing is left, or no context.
  InternedContent* next = nullptr;
};

/// All contents of a family of hosts; no locks of its own.
class AttributeTable {
 public:
  AttributeTable() = default;
  AttributeTable(const AttributeTable&) = delete;
  AttributeTable& operator=(const AttributeTable&) = delete;

  /// The one object with this content, made if need be; null: out of memory.
  template <class Host>
  InternedContent* intern(Host host, const Attributes& content) noexcept {
    if (InternedContent* known = find(content)) return known;
    InternedContent* rest = nullptr;
    const Attributes left = content.without_userfault();
    if (content.userfault_context != 0 && !left.empty()) {
      rest = intern(host, left);
      if (rest == nullptr) return nullptr;
    }
    void* memory = host.allocate_attributes(sizeof(InternedContent), alignof(InternedContent));
    if (memory == nullptr) return nullptr;
    auto* made = ::new (memory) InternedContent(content, rest);
    if (rest != nullptr) retain(rest);
    made->next = bucket(content);
    bucket(content) = made;
    ++unused_;
    return made;
  }
  void retain(const Attributes* attributes) noexcept {
    if (object(attributes)->references++ == 0) --unused_;
  }
  template <class Host>
  void release(Host host, const Attributes* attributes) noexcept {
    InternedContent* content = object(attributes);
    drop_reference(content);
    if (scopes_ == 0) end_if_unused(host, content);
  }
  void begin() noexcept { ++scopes_; }
  template <class Host>
  void end(Host host) noexcept {
    if (--scopes_ == 0) sweep(host);
  }

  /// Calls visit(const InternedContent&) for each content.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const InternedContent* first : buckets_) {
      for (; first != nullptr; first = first->next) visit(*first);
    }
  }

 private:
  static constexpr std::size_t bucket_count = 64;

  static InternedContent* object(const Attributes* attributes) noexcept {
    return const_cast<InternedContent*>(static_cast<const InternedContent*>(attributes));
  }
  InternedContent*& bucket(const Attributes& content) noexcept {
    std::uint64_t mixed = content.policy * 3 + content.userfault_context * 5 + content.name * 7;
    mixed *= 0x9e37'79b9'7f4a'7c15;  // The golden ratio: handles are often aligned pointers.
    return buckets_[mixed >> 58];
  }
  InternedContent* find(const Attributes& content) noexcept {
    InternedContent* known = bucket(content);
    while (known != nullptr && !(static_cast<Attributes&>(*known) == content)) known = known->next;
    return known;
  }
  void drop_reference(InternedContent* content) noexcept {
    if (--content->references == 0) ++unused_;
  }

  template <class Host>
  void end_if_unused(Host host, InternedContent* content) noexcept {
    while (content != nullptr && content->references == 0) {
      InternedContent** at = &bucket(*content);
      while (*at != content) at = &(*at)->next;
      *at = content->next;
      --unused_;
      InternedContent* rest = content->rest;
      content->~InternedContent();
      host.free_attributes(content, sizeof(InternedContent), alignof(InternedContent));
      if (rest != nullptr) drop_reference(rest);
      content = rest;
    }
  }

  /// Ends what no area has: what had a rest before that rest.
  template <class Host>
  void sweep(Host host) noexcept {
    for (std::size_t i = 0; i < bucket_count && unused_ != 0; ++i) {
      for (InternedContent* content = buckets_[i]; content != nullptr;) {
        if (content->references != 0) {
          content = content->next;
          continue;
        }
        end_if_unused(host, content);
        content = buckets_[i];  // A rest may have gone from the same bucket.
      }
    }
  }

  InternedContent* buckets_[bucket_count] = {};
  std::uint64_t unused_ = 0;  // Contents without references.
  std::uint64_t scopes_ = 0;
};

/// The attribute services of `Host` over its table.
template <class Host>
struct InternedAttributes : NoUserfaultEvents {
  const Attributes* intern_attributes(const Attributes& content) const noexcept {
    return host().attribute_table().intern(host(), content);
  }
  void begin_interning() const noexcept { host().attribute_table().begin(); }
  void end_interning() const noexcept { host().attribute_table().end(host()); }
  void retain_attributes(const Attributes* attributes) const noexcept {
    host().attribute_table().retain(attributes);
  }
  void release_attributes(const Attributes* attributes) const noexcept {
    host().attribute_table().release(host(), attributes);
  }

 private:
  const Host& host() const noexcept { return static_cast<const Host&>(*this); }
};

/// The same over one table for all hosts of a type: their handles stay empty. Spaces of different
/// threads may meet in it.
template <class Host, class Memory>
struct SharedAttributes : NoUserfaultEvents {
  static const Attributes* intern_attributes(const Attributes& content) noexcept {
    const std::scoped_lock lock(mutex_);
    return table_.intern(Blocks{}, content);
  }
  static void begin_interning() noexcept {
    const std::scoped_lock lock(mutex_);
    table_.begin();
  }
  static void end_interning() noexcept {
    const std::scoped_lock lock(mutex_);
    table_.end(Blocks{});
  }
  static void retain_attributes(const Attributes* attributes) noexcept {
    const std::scoped_lock lock(mutex_);
    table_.retain(attributes);
  }
  static void release_attributes(const Attributes* attributes) noexcept {
    const std::scoped_lock lock(mutex_);
    table_.release(Blocks{}, attributes);
  }
  /// How many contents there are.
  static std::size_t attribute_count_for_test() noexcept {
    const std::scoped_lock lock(mutex_);
    std::size_t count = 0;
    table_.for_each([&](const InternedContent&) { ++count; });
    return count;
  }

 private:
  struct Blocks {
    static void* allocate_attributes(std::size_t bytes, std::size_t alignment) noexcept {
      return Memory::allocate(bytes, alignment);
    }
    static void free_attributes(void* object, std::size_t bytes, std::size_t alignment) noexcept {
      Memory::release(object, bytes, alignment);
    }
  };
  static inline std::mutex mutex_;
  static inline AttributeTable table_;
};

}  // namespace vmarea::shims
