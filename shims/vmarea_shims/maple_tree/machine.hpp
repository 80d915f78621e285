// SPDX-License-Identifier: MIT
//
// The machine that a unit is compiled for, as far as the tree differs by it: what -march and the
// like say, at compile time.
//
//   VMAREA_MACHINE   baseline   plain C++
//                    avx2       x86-64-v3
//                    avx512     x86-64-v4
//
// It names an inline namespace around all types that hold a tree, so that units for different
// machines link together and each keeps its own functions. A space that is handed from one to the
// other does not link; define VMAREA_MACHINE as baseline in both where it has to be. A host of
// one's own that such units share goes into an `inline namespace VMAREA_MACHINE`, too, for its
// trees differ and the linker knows only its name.
#pragma once

#ifndef VMAREA_MACHINE
#if defined(__AVX512F__)
#define VMAREA_MACHINE avx512
#elif defined(__AVX2__)
#define VMAREA_MACHINE avx2
#else
#define VMAREA_MACHINE baseline
#endif
#endif
