// SPDX-License-Identifier: MIT
//
// Everything of the core: include this one, and a host (vmarea_shims/userland.hpp, or your own).
#pragma once

// First, so that what a compiler says about a rule is not buried under a list of headers.
// clang-format off
#include "vmarea/plan/rule.hpp"
// clang-format on

#include "vmarea/address_space.hpp"
#include "vmarea/change/all_locks.hpp"
#include "vmarea/host/absent.hpp"
#include "vmarea/host/replacing.hpp"
#include "vmarea/host/services.hpp"
#include "vmarea/space/boundary.hpp"
#include "vmarea/space/check.hpp"
#include "vmarea/text.hpp"
#include "vmarea/types/system_numbers.hpp"

/// The version of the library: 10,000 times major, 100 times minor, and patch.
#define VMAREA_VERSION 200
