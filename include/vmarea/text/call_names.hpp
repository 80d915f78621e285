// SPDX-License-Identifier: MIT
//
// The enumerators of calls and changes by their names, as they are spelled in the code; null for a
// number that is none of them.
#pragma once

#include "vmarea/calls/loader.hpp"
#include "vmarea/calls/mlock.hpp"
#include "vmarea/calls/modes.hpp"
#include "vmarea/calls/stack.hpp"
#include "vmarea/calls/verbs.hpp"
#include "vmarea/change/change.hpp"
#include "vmarea/text/names.hpp"

namespace vmarea {

constexpr const char* name(Beat value) noexcept {
  switch (value) {
    case Beat::planned:
      return "planned";
    case Beat::reserved:
      return "reserved";
    case Beat::committed:
      return "committed";
    case Beat::ended:
      return "ended";
  }
  return nullptr;
}

constexpr const char* name(MlockMode value) noexcept {
  switch (value) {
    case MlockMode::unlock:
      return "unlock";
    case MlockMode::lock:
      return "lock";
    case MlockMode::lock_on_fault:
      return "lock_on_fault";
  }
  return nullptr;
}

constexpr const char* name(SamePageMerging value) noexcept {
  switch (value) {
    case SamePageMerging::off:
      return "off";
    case SamePageMerging::on:
      return "on";
  }
  return nullptr;
}

constexpr const char* name(LoaderMemory value) noexcept {
  switch (value) {
    case LoaderMemory::data:
      return "data";
    case LoaderMemory::code:
      return "code";
  }
  return nullptr;
}

constexpr const char* name(GrowthBy value) noexcept {
  switch (value) {
    case GrowthBy::fault:
      return "fault";
    case GrowthBy::lookup:
      return "lookup";
  }
  return nullptr;
}

constexpr const char* name(NewPart value) noexcept {
  switch (value) {
    case NewPart::below:
      return "below";
    case NewPart::above:
      return "above";
  }
  return nullptr;
}

constexpr const char* name(CountLimit value) noexcept {
  switch (value) {
    case CountLimit::respected:
      return "respected";
    case CountLimit::ignored:
      return "ignored";
  }
  return nullptr;
}

}  // namespace vmarea
