// The correctly rounded elementary functions for kernels: the text that the CPU has too, in binary64.
#pragma once

#include "stet/cuda/dialect.h"

#ifdef __CUDACC__
// A GPU keeps its own copy of the tables; `static`, since each source has one. Sixteen numbers are one line of the
// cache, so that lanes which look up different ones of them read it once.
#define STET_COEFFICIENTS alignas(128) static __device__ constexpr double
#define STET_LANES __host__ __device__ inline
#endif
#include "stet/tensor/math/functions-scalar.h"

namespace stet::cuda {

__device__ inline float exp(float x) { return static_cast<float>(math::scalar::exp(x)); }
__device__ inline float expm1(float x) { return static_cast<float>(math::scalar::expm1(x)); }
__device__ inline float log(float x) { return static_cast<float>(math::scalar::log(x)); }
__device__ inline float log1p(float x) { return static_cast<float>(math::scalar::log1p(x)); }
__device__ inline float tanh(float x) { return static_cast<float>(math::scalar::tanh(x)); }
__device__ inline float sigmoid(float x) { return static_cast<float>(math::scalar::sigmoid(x)); }
__device__ inline float erf(float x) { return static_cast<float>(math::scalar::erf(x)); }
__device__ inline float sin(float x) { return static_cast<float>(math::scalar::sin(x)); }
__device__ inline float cos(float x) { return static_cast<float>(math::scalar::cos(x)); }
__device__ inline float sinpi(float x) { return static_cast<float>(math::scalar::sinpi(x)); }
__device__ inline float cospi(float x) { return static_cast<float>(math::scalar::cospi(x)); }
__device__ inline float tan(float x) { return static_cast<float>(math::scalar::tan(x)); }
__device__ inline float asin(float x) { return static_cast<float>(math::scalar::asin(x)); }
__device__ inline float acos(float x) { return static_cast<float>(math::scalar::acos(x)); }
__device__ inline float atan(float x) { return static_cast<float>(math::scalar::atan(x)); }
__device__ inline float sinh(float x) { return static_cast<float>(math::scalar::sinh(x)); }
__device__ inline float cosh(float x) { return static_cast<float>(math::scalar::cosh(x)); }
__device__ inline float log2(float x) { return static_cast<float>(math::scalar::log2(x)); }
__device__ inline float log10(float x) { return static_cast<float>(math::scalar::log10(x)); }

}  // namespace stet::cuda
