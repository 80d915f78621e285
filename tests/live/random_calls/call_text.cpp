// SPDX-License-Identifier: MIT
#include "live/random_calls/call_text.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <span>

#include <fmt/format.h>

namespace vmarea::live {
namespace {

using std::string_view;
using std::uint32_t;
using std::uint64_t;

struct Name {
  uint32_t number;
  string_view text;
};
using Names = std::span<const Name>;

constexpr auto operation_names = std::to_array<string_view>({"mmap",
                                                             "munmap",
                                                             "mprotect",
                                                             "mremap",
                                                             "madvise",
                                                             "mlock",
                                                             "mlock_on_fault",
                                                             "munlock",
                                                             "mseal",
                                                             "read",
                                                             "write",
                                                             "brk",
                                                             "set_heap",
                                                             "limit",
                                                             "lock_right",
                                                             "userfault_register",
                                                             "userfault_unregister",
                                                             "userfault_close",
                                                             "mbind",
                                                             "mlockall",
                                                             "munlockall",
                                                             "memory_merge",
                                                             "deny_write_exec",
                                                             "imply_exec",
                                                             "clear_soft_dirty",
                                                             "copy_from",
                                                             "copy_to",
                                                             "msync",
                                                             "mincore",
                                                             "process_madvise",
                                                             "remap_file_pages",
                                                             "pkey_mprotect",
                                                             "attach",
                                                             "detach",
                                                             "count_attached",
                                                             "fork"});
static_assert(operation_names.size() == operation_count);

constexpr auto protection_names =
    std::to_array<Name>({{0x1, "r"}, {0x2, "w"}, {0x4, "x"}, {0x8, "s"}});
constexpr auto type_names = std::to_array<Name>(
    {{1, "shared"}, {2, "private"}, {3, "shared_validate"}, {8, "droppable"}, {0, "type0"}});
constexpr auto map_names = std::to_array<Name>({{0x10, "fixed"},
                                                {0x20, "anonymous"},
                                                {0x40, "low_32bit"},
                                                {0x80, "above_4g"},
                                                {0x100, "grows_down"},
                                                {0x2000, "locked"},
                                                {0x4000, "no_reserve"},
                                                {0x8000, "populate"},
                                                {0x10000, "non_block"},
                                                {0x20000, "stack"},
                                                {0x40000, "huge_tlb"},
                                                {0x80000, "sync"},
                                                {0x100000, "noreplace"}});
constexpr auto remap_names =
    std::to_array<Name>({{1, "may_move"}, {2, "fixed"}, {4, "dont_unmap"}});
constexpr auto advice_names = std::to_array<Name>({{0, "normal"},
                                                   {1, "random"},
                                                   {2, "sequential"},
                                                   {4, "dont_need"},
                                                   {8, "free"},
                                                   {9, "remove"},
                                                   {10, "dont_fork"},
                                                   {11, "do_fork"},
                                                   {12, "mergeable"},
                                                   {13, "unmergeable"},
                                                   {14, "huge_page"},
                                                   {15, "no_huge_page"},
                                                   {16, "dont_dump"},
                                                   {17, "do_dump"},
                                                   {18, "wipe_on_fork"},
                                                   {19, "keep_on_fork"},
                                                   {20, "cold"},
                                                   {21, "page_out"},
                                                   {22, "populate_read"},
                                                   {23, "populate_write"},
                                                   {24, "dont_need_locked"},
                                                   {102, "guard_install"},
                                                   {103, "guard_remove"}});
constexpr auto file_names = std::to_array<Name>(
    {{0, "first"}, {1, "other_open"}, {2, "second"}, {3, "read_only"}, {~0u, "no_file"}});
constexpr auto limited_names =
    std::to_array<Name>({{0, "address_space"}, {1, "data"}, {2, "stack"}, {3, "locked"}});
constexpr auto limit_base_names = std::to_array<Name>({{0, "in_use_and"}, {1, "nothing_and"}});
constexpr auto right_names = std::to_array<Name>({{0, "dropped"}, {1, "kept"}});
constexpr auto watch_names = std::to_array<Name>({{1, "missing"}, {2, "protect"}, {4, "minor"}});
constexpr auto userfault_names = std::to_array<Name>({{0, "context_0"}, {1, "context_1"}});
constexpr auto policy_names = std::to_array<Name>(
    {{0, "none"}, {1, "preferred"}, {2, "bound"}, {3, "interleaved"}, {4, "local"}});
constexpr auto lock_all_names =
    std::to_array<Name>({{1, "current"}, {2, "future"}, {4, "on_fault"}});
constexpr auto sync_names = std::to_array<Name>({{1, "async"}, {2, "invalidate"}, {4, "sync"}});
constexpr auto count_names = std::to_array<Name>({{0, "none_of"}, {1, "first_of"}, {2, "both"}});
constexpr auto key_names = std::to_array<Name>({{~0u, "no_key"}});
constexpr auto switch_names = std::to_array<Name>({{0, "off"}, {1, "on"}});
constexpr auto write_exec_names = std::to_array<Name>({{1, "refuse_exec_gain"}, {2, "no_inherit"}});
constexpr auto segment_names =
    std::to_array<Name>({{0, "segment_0"}, {1, "segment_1"}, {2, "segment_2"}});
constexpr auto attach_names = std::to_array<Name>(
    {{010000, "read_only"}, {020000, "round"}, {040000, "replace"}, {0100000, "exec"}});
constexpr auto fork_names = std::to_array<Name>({{0, "in_child"}, {1, "in_parent"}});
constexpr auto error_names = std::to_array<Name>({{1, "EPERM"},
                                                  {4, "EINTR"},
                                                  {9, "EBADF"},
                                                  {11, "EAGAIN"},
                                                  {12, "ENOMEM"},
                                                  {13, "EACCES"},
                                                  {14, "EFAULT"},
                                                  {16, "EBUSY"},
                                                  {17, "EEXIST"},
                                                  {19, "ENODEV"},
                                                  {22, "EINVAL"},
                                                  {26, "ETXTBSY"},
                                                  {28, "ENOSPC"},
                                                  {75, "EOVERFLOW"},
                                                  {95, "EOPNOTSUPP"}});
constexpr string_view no_limit_text = "no_limit";

std::string name_of_number(uint32_t number, Names names) {
  for (const Name& name : names) {
    if (name.number == number) return std::string(name.text);
  }
  return fmt::format("{}", number);
}

std::string text_of_place(uint64_t address) {
  const uint64_t bytes = address - arena_start;
  if (bytes >= arena_pages_max * page) return fmt::format("{:#x}", address);
  if (bytes % page == 0) return fmt::format("+{}", bytes / page);
  return fmt::format("+{}:{:#x}", bytes / page, bytes % page);
}

/// Writes the arguments of a call.
class Writer {
 public:
  explicit Writer(string_view name) : text_(fmt::format("{}(", name)) {}
  std::string finish() { return text_ + ")"; }

  /// Whether to write what may be left out.
  static bool more(bool wanted) { return wanted; }
  void place(uint64_t address) { add(text_of_place(address)); }
  void extent(uint64_t length) {
    if (length == ~uint64_t{0}) return add(std::string(no_limit_text));
    const bool whole = length % page == 0 && length / page <= 2 * arena_pages_max;
    add(whole ? fmt::format("{}p", length / page) : fmt::format("{:#x}", length));
  }
  template <class Number>
  void number(Number value, Names names) {
    add(name_of_number(static_cast<uint32_t>(value), names));
  }
  void bits(uint32_t value, Names names, string_view separator) {
    std::string text;
    for (const Name& name : names) {
      if ((value & name.number) != 0) text += fmt::format("{}{}", part(text, separator), name.text);
      value &= ~name.number;
    }
    if (value != 0) text += fmt::format("{}{:#x}", part(text, separator), value);
    add(text.empty() ? "0" : text);
  }
  void map_flags(uint32_t value) {
    const uint32_t type = value & 0xf;
    std::string text;
    for (const Name& name : type_names) {
      if (name.number == type) text = name.text;
    }
    if (text.empty()) text = fmt::format("{:#x}", type);
    add(text);
    if ((value & ~0xfu) == 0) return;
    first_ = true;
    text_ += "|";
    bits(value & ~0xfu, map_names, "|");
  }

 private:
  static string_view part(const std::string& text, string_view separator) {
    return text.empty() ? string_view() : separator;
  }
  void add(const std::string& word) {
    text_ += fmt::format("{}{}", first_ ? "" : ", ", word);
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

/// Reads the arguments of a call.
class Reader {
 public:
  explicit Reader(string_view arguments) : rest_(arguments) {}
  bool understood() const { return good_ && rest_.empty(); }

  bool more(bool) const { return !rest_.empty(); }
  void place(uint64_t& address) {
    string_view word = next();
    if (!word.starts_with('+')) return whole(word, address);
    word.remove_prefix(1);
    const std::size_t colon = word.find(':');
    uint64_t bytes = 0;
    whole(word.substr(0, colon), address);
    if (colon != string_view::npos) whole(word.substr(colon + 1), bytes);
    address = arena_start + address * page + bytes;
  }
  void extent(uint64_t& length) {
    const string_view word = next();
    if (word == no_limit_text) {
      length = ~uint64_t{0};
    } else if (word.ends_with('p')) {
      whole(word.substr(0, word.size() - 1), length);
      length *= page;
    } else {
      whole(word, length);
    }
  }
  template <class Number>
  void number(Number& value, Names names) {
    const string_view word = next();
    for (const Name& name : names) {
      if (name.text == word) {
        value = static_cast<Number>(name.number);
        return;
      }
    }
    uint64_t read = 0;
    whole(word, read);
    value = static_cast<Number>(static_cast<uint32_t>(read));
  }
  void bits(uint32_t& value, Names names, string_view) { value = named_bits(next(), names); }
  void map_flags(uint32_t& value) {
    const string_view word = next();
    const std::size_t bar = word.find('|');
    const string_view type = word.substr(0, bar);
    uint64_t number = ~uint64_t{0};
    for (const Name& name : type_names) {
      if (name.text == type) number = name.number;
    }
    if (number == ~uint64_t{0}) whole(type, number);
    value = static_cast<uint32_t>(number);
    if (bar != string_view::npos) value |= named_bits(word.substr(bar + 1), map_names);
  }

 private:
  string_view next() {
    const std::size_t comma = rest_.find(", ");
    const string_view word = rest_.substr(0, comma);
    rest_ = comma == string_view::npos ? string_view() : rest_.substr(comma + 2);
    good_ = good_ && !word.empty();
    return word;
  }
  void whole(string_view word, uint64_t& value) {
    const bool hex = word.starts_with("0x");
    if (hex) word.remove_prefix(2);
    const char* end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, value, hex ? 16 : 10);
    good_ = good_ && error == std::errc() && stop == end;
  }
  uint32_t named_bits(string_view word, Names names) {
    uint32_t value = 0;
    while (!word.empty()) {
      if (word.front() == '|') {
        word.remove_prefix(1);
        continue;
      }
      const Name* found = nullptr;
      for (const Name& name : names) {
        const bool longer = found == nullptr || name.text.size() > found->text.size();
        if (word.starts_with(name.text) && longer) found = &name;
      }
      if (found == nullptr) {
        uint64_t rest = 0;
        whole(word, rest);
        return value | static_cast<uint32_t>(rest);
      }
      value |= found->number;
      word.remove_prefix(found->text.size());
    }
    return value;
  }

  string_view rest_;
  bool good_ = true;
};

template <class Format, class AnyCall>
void mmap_fields(Format& format, AnyCall& call) {
  format.place(call.address);
  format.extent(call.length);
  format.bits(call.protection, protection_names, "");
  format.map_flags(call.flags);
  if (!format.more(call.file != File::none || call.offset != 0)) return;
  format.number(call.file, file_names);
  format.extent(call.offset);
}

template <class Format, class AnyCall>
void process_madvise_fields(Format& format, AnyCall& call) {
  format.number(call.advice, advice_names);
  format.number(call.flags, count_names);
  format.place(call.address);
  format.extent(call.length);
  format.place(call.new_address);
  format.extent(call.new_length);
}

template <class Format, class AnyCall>
void remap_file_fields(Format& format, AnyCall& call) {
  format.place(call.address);
  format.extent(call.length);
  format.bits(call.protection, protection_names, "");
  format.extent(call.offset);
  format.map_flags(call.flags);
}

template <class Format, class AnyCall>
void mremap_fields(Format& format, AnyCall& call) {
  format.place(call.address);
  format.extent(call.length);
  format.extent(call.new_length);
  format.bits(call.flags, remap_names, "|");
  if (format.more(call.new_address != 0)) format.place(call.new_address);
}

/// What each operation says of a call, in the order of its arguments.
template <class Format, class AnyCall>
void fields(Format& format, AnyCall& call) {
  switch (call.operation) {
    case Operation::mmap:
      return mmap_fields(format, call);
    case Operation::mremap:
      return mremap_fields(format, call);
    case Operation::remap_file_pages:
      return remap_file_fields(format, call);
    case Operation::process_madvise:
      return process_madvise_fields(format, call);
    case Operation::read:
    case Operation::write:
    case Operation::brk:
    case Operation::set_heap:
    case Operation::detach:
      return format.place(call.address);
    case Operation::attach:
      format.place(call.address);
      format.bits(call.flags, attach_names, "|");
      return format.number(call.advice, segment_names);
    case Operation::count_attached:
      return format.number(call.advice, segment_names);
    case Operation::limit:
      format.number(call.advice, limited_names);
      format.number(call.flags, limit_base_names);
      return format.extent(call.length);
    case Operation::lock_right:
      return format.number(call.flags, right_names);
    case Operation::fork:
      return format.number(call.flags, fork_names);
    case Operation::mlockall:
      return format.bits(call.flags, lock_all_names, "|");
    case Operation::munlockall:
    case Operation::clear_soft_dirty:
      return;
    case Operation::memory_merge:
    case Operation::imply_exec:
      return format.number(call.flags, switch_names);
    case Operation::deny_write_exec:
      return format.bits(call.flags, write_exec_names, "|");
    case Operation::userfault_close:
      return format.number(call.advice, userfault_names);
    case Operation::userfault_register:
    case Operation::userfault_unregister:
    case Operation::mbind:
    case Operation::copy_from:
    case Operation::copy_to:
    case Operation::msync:
    case Operation::mincore:
    case Operation::munmap:
    case Operation::mlock:
    case Operation::mlock_on_fault:
    case Operation::munlock:
    case Operation::mseal:
    case Operation::mprotect:
    case Operation::pkey_mprotect:
    case Operation::madvise:
      break;
  }
  format.place(call.address);
  format.extent(call.length);
  if (call.operation == Operation::mprotect) format.bits(call.protection, protection_names, "");
  if (call.operation == Operation::pkey_mprotect) {
    format.bits(call.protection, protection_names, "");
    format.number(call.advice, key_names);
  }
  if (call.operation == Operation::madvise) format.number(call.advice, advice_names);
  if (call.operation == Operation::msync) format.bits(call.flags, sync_names, "|");
  if (call.operation == Operation::mbind) format.number(call.flags, policy_names);
  if (call.operation == Operation::userfault_register) format.bits(call.flags, watch_names, "|");
  if (call.operation == Operation::userfault_register ||
      call.operation == Operation::userfault_unregister) {
    format.number(call.advice, userfault_names);
  }
}

}  // namespace

std::string describe(const Call& call) {
  Writer writer(operation_names[static_cast<std::size_t>(call.operation)]);
  fields(writer, call);
  return writer.finish();
}

std::optional<Call> parse_call(string_view line) {
  const std::size_t open = line.find('(');
  if (open == string_view::npos || !line.ends_with(')')) return {};
  const string_view name = line.substr(0, open);
  for (std::size_t i = 0; i < operation_count; ++i) {
    if (operation_names[i] != name) continue;
    Call call;
    call.operation = static_cast<Operation>(i);
    Reader reader(line.substr(open + 1, line.size() - open - 2));
    fields(reader, call);
    if (!reader.understood()) return {};
    return call;
  }
  return {};
}

std::string describe_result(Operation operation, std::int64_t result) {
  if (result == skipped) return "(left out)";
  if (result < 0) {
    if (operation == Operation::read || operation == Operation::write) return "fault";
    return name_of_number(static_cast<uint32_t>(-result), error_names);
  }
  return result == 0 ? "0" : text_of_place(static_cast<uint64_t>(result));
}

}  // namespace vmarea::live
