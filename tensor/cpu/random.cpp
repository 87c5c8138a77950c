#include <algorithm>
#include <array>

#include "stet/tensor/contract.h"
#include "stet/tensor/cpu/philox.h"
#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/error.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cpu_kernels {
namespace {

constexpr int64_t kBlock = 1024;  // elements of a buffer

// Calls body(first element, words, n) for blocks of n <= kBlock elements that cover all `elements`.
template <class Body> void for_blocks(const Draw& draw, int64_t elements, const Body& body) {
  if (elements > contract::kMostDrawn) raise("random: {} elements in one draw; 2^34 are possible", elements);
  parallel_for((elements + kBlock - 1) / kBlock, kElementGrain / kBlock, [&](int64_t begin, int64_t end) {
    alignas(64) std::array<uint32_t, kBlock> words;
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * kBlock, n = std::min(kBlock, elements - first);
      philox_words(draw, first / 4, (n + 63) / 64 * 16, words.data());
      body(first, words.data(), n);
    }
  });
}

float unit(uint32_t word) { return static_cast<float>(word >> contract::kUniformShift) * contract::kUniformStep; }

// Box and Muller: each pair of words gives a pair of normals.
void normals(const uint32_t* words, int64_t n, float* z) {
  constexpr int64_t kPairs = kBlock / 2;
  float radius[kPairs] = {}, angle[kPairs] = {}, sine[kPairs];
  const int64_t pairs = (n + 1) / 2;
  for (int64_t p = 0; p < pairs; ++p) {
    radius[p] = static_cast<float>((words[2 * p] >> contract::kUniformShift) + 1) * contract::kUniformStep;
    angle[p] = 2 * unit(words[2 * p + 1]);
  }
  apply(Elementary::log, radius, radius, pairs);
  for (int64_t p = 0; p < pairs; ++p) radius[p] *= -2;
  apply(Elementary::sqrt, radius, radius, pairs);
  apply(Elementary::sinpi, angle, sine, pairs);
  apply(Elementary::cospi, angle, angle, pairs);
  for (int64_t p = 0; p < pairs; ++p) {
    z[2 * p] = radius[p] * angle[p];
    if (2 * p + 1 < n) z[2 * p + 1] = radius[p] * sine[p];
  }
}

}  // namespace

void random(Distribution d, const Draw& draw, const Tensor& y) {
  if (d == Distribution::bits) {
    int64_t* out = y.mutable_data_as<int64_t>();
    return for_blocks(draw, y.elements(), [&](int64_t first, const uint32_t* words, int64_t n) {
      for (int64_t i = 0; i < n; ++i) out[first + i] = words[i];
    });
  }
  visit_floating(y.dtype(), [&]<class T>(T) {
    T* out = y.mutable_data_as<T>();
    for_blocks(draw, y.elements(), [&](int64_t first, const uint32_t* words, int64_t n) {
      // float64 draws are the float32 ones, widened: a network's numbers don't depend on its precision.
      float values[kBlock];
      if (d == Distribution::normal) normals(words, n, values);
      else
        for (int64_t i = 0; i < n; ++i) values[i] = unit(words[i]);
      std::copy(values, values + n, out + first);
    });
  });
}

void dropout(const Tensor& x, const Draw& draw, uint64_t threshold, double scale, const Tensor& y) {
  visit_floating(x.dtype(), [&]<class T>(T) {
    const T* in = x.data_as<T>();
    T* out = y.mutable_data_as<T>();
    const T factor = static_cast<T>(scale);
    const auto below = static_cast<uint32_t>(threshold);
    for_blocks(draw, y.elements(), [&](int64_t first, const uint32_t* words, int64_t n) {
      if constexpr (std::is_same_v<T, float>) {
        drop_floats(words, below, factor, in + first, out + first, n);
      } else {
        for (int64_t i = 0; i < n; ++i)
          out[first + i] = scalar_ops::select(words[i] < below, T{0}, in[first + i] * factor);
      }
    });
  });
}

}  // namespace stet::cpu_kernels
