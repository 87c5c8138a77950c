// The instruction sets that kernels are compiled for. Include this before any header of Highway.
#pragma once

#include <type_traits>

#include "hwy/detect_compiler_arch.h"

// Only targets with a fused multiply-add in hardware stay, beside the scalar one, which emulates it (fma-inl.h): SSE
// has none, and SVE's vectors have no fixed length. The same set on every compiler: EMU128 is not usable with g++
// before 12.3. Whatever target a newer Highway knows beside these is off as well.
#ifdef STET_WITHOUT_AVX512
#define STET_TARGETS (HWY_AVX2 | HWY_NEON | HWY_SCALAR)
#else
#define STET_TARGETS (HWY_AVX3 | HWY_AVX2 | HWY_NEON | HWY_SCALAR)
#endif
#define HWY_DISABLED_TARGETS (~STET_TARGETS)
#define HWY_BROKEN_EMU128 1

// A build for one processor (-march=native) keeps the other targets too, so that bits can be compared across all of
// them.
#define HWY_COMPILE_ALL_ATTAINABLE

// Calls a function that HWY_EXPORT names, on the instruction set in use (isa.h).
#define STET_DISPATCH(function) (::stet::settle_isa(), HWY_DYNAMIC_DISPATCH(function))

// Of the two forms of a function the one for T, which is float or double.
#define STET_DISPATCH_OF(T, for_float, for_double) \
  ::stet::form_of<T>(STET_DISPATCH(for_float), STET_DISPATCH(for_double))

namespace stet {

template <class T, class Float, class Double> auto form_of(Float for_float, Double for_double) {
  if constexpr (std::is_same_v<T, float>) return for_float;
  else return for_double;
}

}  // namespace stet

#include "stet/tensor/simd/isa.h"
