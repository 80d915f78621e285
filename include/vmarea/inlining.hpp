// SPDX-License-Identifier: MIT
//
// What release builds inline whole, down to the last call: planning is short work over values that
// then stay in registers. Builds with debug checks do without, for it makes compilation many times
// as long.
#pragma once

#ifdef NDEBUG
#define VMAREA_INLINED_WHOLE [[gnu::flatten]]
#else
#define VMAREA_INLINED_WHOLE
#endif
