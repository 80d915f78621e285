// SPDX-License-Identifier: MIT
//
// What plans know of the data that a host keeps with its areas: where it is, and where it is cut.
// They do not copy it: areas have it, a call may bring some, and commit alone moves it.
//
//   cut     [AAAAAA|AAAA)  at      |-- range --|
//   seam    [AAAAAA)[BBBB)         |- low -|- high -|      the lower data becomes that of both
#pragma once

#include <type_traits>

#include "vmarea/types/range.hpp"

namespace vmarea {

/// Where own data is cut: it stands for `range` until then, for what lies below `at` afterwards.
struct DataCut {
  Range range{};
  Address at = 0;
  friend constexpr bool operator==(const DataCut&, const DataCut&) = default;
};

/// Where own data is joined: what each of the two stands for.
struct DataSeam {
  Range low{};
  Range high{};
  friend constexpr bool operator==(const DataSeam&, const DataSeam&) = default;
};

/// Whether areas of this host have data of its own, so that calls can bring some.
template <class Host>
inline constexpr bool has_own_data =
    Host::has_data_rules || !std::is_empty_v<typename Host::AreaData>;

/// Refers to own data, of an area or of a call. Here for hosts without any: it takes no byte.
template <class Host, bool Present = has_own_data<Host>>
struct DataRef {
  static constexpr DataRef to(const typename Host::AreaData&) noexcept { return {}; }
};

template <class Host>
struct DataRef<Host, true> {
  const typename Host::AreaData* data = nullptr;  // Null: AreaData{}.

  static constexpr DataRef to(const typename Host::AreaData& data) noexcept { return {&data}; }
};

}  // namespace vmarea
