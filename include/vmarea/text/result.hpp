// SPDX-License-Identifier: MIT
//
// Errors and results in words.
//
//   name(Error::no_memory)          ENOMEM
//   describe(Error::no_memory)      out of memory, beyond a limit, or nothing is mapped there
//   text(space.mmap(...))           0x7ffff7fef000, or the two above
#pragma once

#include "vmarea/text/writer.hpp"
#include "vmarea/types/result.hpp"

namespace vmarea {

/// As errno(3) spells it: every Error, and what else the call of a host is likely to answer. Null:
/// another number.
constexpr const char* name(Error error) noexcept {
  constexpr const char* names[] = {
      "none",    "EPERM",  "ENOENT",  "ESRCH",   "EINTR",        "EIO",    "ENXIO",  "E2BIG",
      "ENOEXEC", "EBADF",  "ECHILD",  "EAGAIN",  "ENOMEM",       "EACCES", "EFAULT", "ENOTBLK",
      "EBUSY",   "EEXIST", "EXDEV",   "ENODEV",  "ENOTDIR",      "EISDIR", "EINVAL", "ENFILE",
      "EMFILE",  "ENOTTY", "ETXTBSY", "EFBIG",   "ENOSPC",       "ESPIPE", "EROFS",  "EMLINK",
      "EPIPE",   "EDOM",   "ERANGE",  "EDEADLK", "ENAMETOOLONG", "ENOLCK", "ENOSYS"};
  const auto number = static_cast<std::uint32_t>(error);
  if (number < sizeof(names) / sizeof(names[0])) return names[number];
  if (error == Error::overflow) return "EOVERFLOW";
  if (error == Error::not_supported) return "EOPNOTSUPP";
  return nullptr;
}

/// What the calls of the library mean by it. Null: they never answer it.
constexpr const char* describe(Error error) noexcept {
  switch (error) {
    case Error::none:
      return "success";
    case Error::not_permitted:
      return "sealed, or not permitted";
    case Error::no_entry:
      return "no such thing";
    case Error::interrupted:
      return "interrupted, the lock was refused";
    case Error::bad_file:
      return "not an open file";
    case Error::try_again:
      return "beyond the limit of locked memory, or out of resources for now";
    case Error::no_memory:
      return "out of memory, beyond a limit, or nothing is mapped there";
    case Error::access_denied:
      return "access denied";
    case Error::bad_address:
      return "no such memory there";
    case Error::busy:
      return "another change is reserved, this one is stale or out of turn, or memory is locked";
    case Error::exists:
      return "exists already, or something is mapped there";
    case Error::no_device:
      return "the file cannot be mapped";
    case Error::invalid:
      return "invalid argument";
    case Error::file_busy:
      return "the file is in use";
    case Error::no_space:
      return "beyond a limit of the whole system";
    case Error::not_implemented:
      return "this kernel has no such call";
    case Error::overflow:
      return "beyond the end of the file's offsets";
    case Error::not_supported:
      return "not supported";
  }
  return nullptr;
}

/// ENOMEM (out of memory, beyond a limit, or nothing is mapped there)
constexpr void write_text(TextWriter& to, Error error) noexcept {
  if (error == Error::none) {
    to.add("success");
    return;
  }
  if (name(error) != nullptr) {
    to.add(name(error));
  } else {
    to.add("errno ").add_signed(static_cast<std::int32_t>(error));
  }
  if (describe(error) != nullptr) to.add(" (").add(describe(error)).add(')');
}

/// The value, or the error.
template <class T>
constexpr void write_text(TextWriter& to, const Result<T>& result) noexcept {
  if constexpr (!std::is_void_v<T>) {
    if (result) return write_any(to, *result);
  }
  write_text(to, result.code());
}

}  // namespace vmarea
