// SPDX-License-Identifier: MIT
//
// What a host keeps with an area, as text: by its write_text, a number or a pointer as such, else
// byte by byte in the order of memory, so that two areas that differ in it look different.
//
//   data owner 7            data 0x7            data 07 00 00 00            data ?
//
// Data without write_text that is as in new memory, AreaData{}, is not shown.
#pragma once

#include <cstddef>
#include <type_traits>

#include "vmarea/text/writer.hpp"

namespace vmarea {

#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define VMAREA_CLEARS_PADDING
#endif
#endif

/// How own data of a type is shown.
enum class DataForm : unsigned char { nothing, text, number, bytes, unknown };

template <class Data>
constexpr DataForm data_form() noexcept {
  if (HasText<Data>) return DataForm::text;
  if (std::is_empty_v<Data>) return DataForm::nothing;
  if (std::is_enum_v<Data> || std::is_integral_v<Data> || std::is_pointer_v<Data>) {
    return DataForm::number;
  }
  if (!std::is_trivially_copyable_v<Data>) return DataForm::unknown;
    // Padding may hold anything: with it, equal data would look different.
#ifdef VMAREA_CLEARS_PADDING
  return DataForm::bytes;
#else
  return std::has_unique_object_representations_v<Data> ? DataForm::bytes : DataForm::unknown;
#endif
}

/// The bytes of a value, 0 where they mean nothing.
template <class Data>
struct DataBytes {
  unsigned char bytes[sizeof(Data)];

  static constexpr DataBytes of(Data data) noexcept {
#ifdef VMAREA_CLEARS_PADDING
    if constexpr (!std::has_unique_object_representations_v<Data>) __builtin_clear_padding(&data);
#endif
    return __builtin_bit_cast(DataBytes, data);
  }
  friend constexpr bool operator==(const DataBytes&, const DataBytes&) = default;
};
#undef VMAREA_CLEARS_PADDING

/// With a blank before it, if there is anything to show.
template <class Data>
constexpr void write_own_data(TextWriter& to, const Data& data) noexcept {
  constexpr DataForm form = data_form<Data>();
  if constexpr (form == DataForm::text) {
    write_text(to.add(" data "), data);
  } else if constexpr (form == DataForm::number) {
    if (data != Data{}) write_any(to.add(" data "), data);
  } else if constexpr (form == DataForm::bytes) {
    const auto said = DataBytes<Data>::of(data);
    if (said == DataBytes<Data>::of(Data{})) return;
    to.add(" data");
    for (const unsigned char byte : said.bytes) {
      to.add(' ').add("0123456789abcdef"[byte >> 4]).add("0123456789abcdef"[byte & 0xf]);
    }
  } else if constexpr (form == DataForm::unknown) {
    to.add(" data ?");
  }
}

}  // namespace vmarea
