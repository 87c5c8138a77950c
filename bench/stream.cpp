#include "stream.h"

#include <hwy/cache_control.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>

#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stream.cpp"

#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace stet_bench {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

template <class Body> HWY_INLINE void each(int64_t begin, int64_t end, const Body& body) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D()));
  for (int64_t i = begin; i < end; i += lanes) body(i);
}

}  // namespace

void copy(float* a, const float* b, const float*, int64_t begin, int64_t end) {
  const D d;
  each(begin, end, [=](int64_t i) HWY_ATTR { hn::Store(hn::Load(d, b + i), d, a + i); });
}
void scale(float* a, const float* b, const float*, int64_t begin, int64_t end) {
  const D d;
  each(begin, end, [=](int64_t i) HWY_ATTR { hn::Store(hn::Mul(hn::Set(d, 3), hn::Load(d, b + i)), d, a + i); });
}
void triad(float* a, const float* b, const float* c, int64_t begin, int64_t end) {
  const D d;
  each(begin, end, [=](int64_t i) HWY_ATTR {
    hn::Store(hn::Add(hn::Load(d, b + i), hn::Mul(hn::Set(d, 3), hn::Load(d, c + i))), d, a + i);
  });
}
void copy_past(float* a, const float* b, const float*, int64_t begin, int64_t end) {
  const D d;
  each(begin, end, [=](int64_t i) HWY_ATTR { hn::Stream(hn::Load(d, b + i), d, a + i); });
  hwy::FlushStream();
}
void read(float*, const float* b, const float*, int64_t begin, int64_t end) {
  const D d;
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = begin; i < end; i += 4 * lanes) {
    s0 = hn::Add(s0, hn::Load(d, b + i));
    s1 = hn::Add(s1, hn::Load(d, b + i + lanes));
    s2 = hn::Add(s2, hn::Load(d, b + i + 2 * lanes));
    s3 = hn::Add(s3, hn::Load(d, b + i + 3 * lanes));
  }
  float sink = hn::GetLane(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)));
  benchmark::DoNotOptimize(sink);
}

}  // namespace HWY_NAMESPACE
}  // namespace stet_bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet_bench {
namespace {

HWY_EXPORT(copy);
HWY_EXPORT(scale);
HWY_EXPORT(triad);
HWY_EXPORT(copy_past);
HWY_EXPORT(read);

using Kernel = void (*)(float*, const float*, const float*, int64_t, int64_t);

constexpr int64_t kCount = int64_t{1} << 24;  // floats of an array: 64 MiB
constexpr int64_t kPart = 4096;

struct Free {
  void operator()(float* p) const { ::operator delete[](p, std::align_val_t{64}); }
};

std::unique_ptr<float, Free> array() {
  std::unique_ptr<float, Free> p(new (std::align_val_t{64}) float[kCount]);
  std::fill_n(p.get(), kCount, 1.0f);
  return p;
}

Stream measure(int threads) {
  stet::set_threads(threads);
  const auto a = array(), b = array(), c = array();
  const auto best = [&](Kernel kernel, double arrays) {
    double seconds = 1e9;
    for (int trial = 0; trial < 8; ++trial) {
      const auto start = std::chrono::steady_clock::now();
      stet::parallel_for(kCount / kPart, 1, [&](int64_t begin, int64_t end) {
        kernel(a.get(), b.get(), c.get(), begin * kPart, end * kPart);
      });
      seconds = std::min(seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return arrays * sizeof(float) * kCount / seconds / 1e9;
  };
  return {best(STET_DISPATCH(copy), 2), best(STET_DISPATCH(scale), 2), best(STET_DISPATCH(triad), 3),
          best(STET_DISPATCH(copy_past), 2), best(STET_DISPATCH(read), 1)};
}

}  // namespace
}  // namespace stet_bench

const Stream& measured_stream(int threads) {
  static std::array<std::optional<Stream>, 65> known;
  auto& stream = known[static_cast<size_t>(std::min(threads, 64))];
  if (!stream) stream = stet_bench::measure(threads);
  return *stream;
}
#endif
