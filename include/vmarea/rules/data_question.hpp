// SPDX-License-Identifier: MIT
//
// What a host is asked about the data of areas that would join, if it declares that it has a say.
// For any other host the question is empty, and never asked.
#pragma once

#include "vmarea/types/own_data.hpp"

namespace vmarea {

template <class Host, bool IsAsked = Host::has_data_rules>
struct DataQuestion {
  constexpr DataQuestion() noexcept = default;
  constexpr DataQuestion(const Host&, DataRef<Host>) noexcept {}
};

template <class Host>
class DataQuestion<Host, true> {
 public:
  using Data = typename Host::AreaData;

  constexpr DataQuestion() noexcept = default;
  /// About joining what has `middle`. Requires: both outlive the question.
  constexpr DataQuestion(const Host& host, DataRef<Host> middle) noexcept
      : host_(&host), middle_(middle.data) {}

  /// The data beside it; where there is a neighbour, this has to be said.
  constexpr void set_prev(const Data& data) noexcept { prev_ = &data; }
  constexpr void set_next(const Data& data) noexcept { next_ = &data; }

  bool joins_prev() const noexcept { return prev_ == nullptr || ask(prev_, middle_); }
  bool joins_next() const noexcept { return next_ == nullptr || ask(middle_, next_); }

 private:
  bool ask(const Data* low, const Data* high) const noexcept {
    if (low != nullptr && high != nullptr) return host_->may_join(*low, *high);
    const Data none{};
    return host_->may_join(low != nullptr ? *low : none, high != nullptr ? *high : none);
  }

  const Host* host_ = nullptr;
  const Data* middle_ = nullptr;
  const Data* prev_ = nullptr;
  const Data* next_ = nullptr;
};

}  // namespace vmarea
