// SPDX-License-Identifier: MIT
//
// Everything of the core: include this one, and a host (vmarea_shims/userland.hpp, or your own).
#pragma once

#include "vmarea/address_space.hpp"
#include "vmarea/host/absent.hpp"
#include "vmarea/host/services.hpp"
#include "vmarea/plan/modify.hpp"
#include "vmarea/plan/relocate.hpp"
#include "vmarea/plan/resize.hpp"
#include "vmarea/plan/split.hpp"
#include "vmarea/rules/explain.hpp"
#include "vmarea/space/check.hpp"
