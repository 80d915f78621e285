// SPDX-License-Identifier: MIT
//
// The short ways that the core takes, and the switches by which tests turn them off, for all of a
// program at once. Nothing that can be seen depends on them but time. The tree has an option of its
// own, and areas without locks are not looked for: that a host chooses.
//
//   -DVMAREA_INLINED_WHOLE=                       plans are not inlined whole
//   -DVMAREA_INLINED_WHOLE="[[gnu::flatten]]"     they are, also with debug checks
//   -DVMAREA_LONG_WAY                             no walk and no write is skipped
#pragma once

// Down to the last call: planning is short work over values that then stay in registers. Builds
// with debug checks do without, for it makes compilation many times as long.
#ifndef VMAREA_INLINED_WHOLE
#ifdef NDEBUG
#define VMAREA_INLINED_WHOLE [[gnu::flatten]]
#else
#define VMAREA_INLINED_WHOLE
#endif
#endif

// Into the one place that matters: the compiler would call them, for they stand in templates that
// other places use as well.
#ifndef VMAREA_INLINED
#ifdef NDEBUG
#define VMAREA_INLINED [[gnu::always_inline]] inline
#else
#define VMAREA_INLINED inline
#endif
#endif

namespace vmarea {

/// Whether a commit does without what its edit does not need: the tree stays as it is where an
/// area keeps its range, and nothing is looked for where nothing goes.
#ifdef VMAREA_LONG_WAY
inline constexpr bool skips_needless_steps = false;
#else
inline constexpr bool skips_needless_steps = true;
#endif

}  // namespace vmarea
