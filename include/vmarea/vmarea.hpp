// SPDX-License-Identifier: MIT
//
// Everything of the core: include this one, and a host (vmarea_shims/userland.hpp, or your own).
#pragma once

#include "vmarea/absent.hpp"
#include "vmarea/address_space.hpp"
#include "vmarea/check.hpp"
#include "vmarea/core/modify.hpp"
#include "vmarea/core/relocate.hpp"
#include "vmarea/core/resize.hpp"
#include "vmarea/core/split.hpp"
#include "vmarea/explain.hpp"
#include "vmarea/services.hpp"
