#include "stet/cuda/power.h"

#include <algorithm>
#include <vector>

#include "stet/cuda/functions.h"
#include "stet/cuda/strided.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"

// Why the host decides: how near a power can come to the middle between two floats without being it is not proved for
// all pairs of floats, so no fixed precision on the GPU would do. MPFR takes as many bits as a pair asks for.
namespace stet::cuda_kernels {

using cuda::Grid, cuda::Queue;

namespace {

struct Undecided {
  int64_t at;  // in y
  float x, y;  // x^y; the host puts the result in x's place
};

constexpr int64_t kFew = 255;  // come back together with their number

/// What a launch could not decide.
struct Found {
  unsigned long long count;
  Undecided few[kFew];
};

__device__ bool is_odd(float y) {
  const float a = fabsf(y);
  // From 2^24 on, a float is even.
  return a < 0x1p24f && (static_cast<int>(a) & 1) != 0 && static_cast<float>(static_cast<int>(a)) == a;
}

/// x^y where either is infinite or NaN, x is 0, or x is negative and y no integer: IEEE 754-2019.
__device__ float special_power(float x, float y) {
  const float a = fabsf(x), inf = __int_as_float(0x7f800000), nan = __int_as_float(0x7fc00000);
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return nan;
  if (fabsf(y) == inf) return a == 1 ? 1 : (a > 1) == (y > 0) ? inf : 0;
  if (a != 0 && a != inf) return nan;
  const float magnitude = (a == 0) == (y < 0) ? inf : 0;
  return __float_as_int(x) < 0 && is_odd(y) ? -magnitude : magnitude;
}

__global__ void powers(const float* a, const float* b, float* y, cuda::Layout<3> layout, bool is_plain,
                       unsigned long long* count, Undecided* list, int64_t capacity) {
  for (int64_t i = cuda::global_thread(); i < layout.elements; i += cuda::global_threads()) {
    cuda::Layout<3>::Offsets at{{i, i, i}};
    if (!is_plain) at = layout.at(i);
    const float x = a[at.of[0]], exponent = b[at.of[1]];
    const math::scalar::Bounds bounds = math::scalar::pow_bounds(x, exponent);
    const float low = static_cast<float>(bounds.low), high = static_cast<float>(bounds.high);
    float power = low;
    if (bounds.low == -1 && bounds.high == 1) {
      power = special_power(x, exponent);
    } else if (low != high) {
      const unsigned long long place = atomicAdd(count, 1ull);  // in any order: each has its own element
      if (place < static_cast<unsigned long long>(capacity)) list[place] = {at.of[2], x, exponent};
      continue;
    }
    y[at.of[2]] = power;
  }
}

__global__ void put(const Undecided* list, int64_t n, float* y) {
  for (int64_t i = cuda::global_thread(); i < n; i += cuda::global_threads()) y[list[i].at] = list[i].x;
}

void decide(std::vector<Undecided>& all) {
  const ContractFloatEnv env;
  std::vector<float> x, y;
  for (const Undecided& u : all) {
    x.push_back(u.x);
    y.push_back(u.y);
  }
  stet::pow(x.data(), y.data(), x.data(), static_cast<int64_t>(x.size()));
  for (size_t i = 0; i < all.size(); ++i) all[i].x = x[i];
}

/// Into y, which lies in other memory than a and b.
void compute(Queue& queue, const Tensor& a, const Tensor& b, const cuda::Layout<3>& layout, float* y) {
  const auto launch = [&](unsigned long long* count, Undecided* list, int64_t capacity) {
    queue.fill_zero(count, sizeof(*count));
    queue.launch(powers, Grid::over(layout.elements), a.data_as<float>(), b.data_as<float>(), y, layout,
                 layout.is_plain(), count, list, capacity);
  };
  cuda::Scratch<Found> found(queue, 1);
  queue.fill_zero(found.data(), sizeof(Found));  // all of it is read
  launch(&found.data()->count, found.data()->few, kFew);
  Found seen;
  queue.to_host(found.data(), &seen, sizeof(seen));
  const auto n = static_cast<int64_t>(seen.count);
  if (n == 0) return;
  std::vector<Undecided> all(seen.few, seen.few + std::min(n, kFew));
  cuda::Scratch<Undecided> list(queue, n);
  if (n > kFew) {
    launch(&found.data()->count, list.data(), n);
    all.resize(static_cast<size_t>(n));
    queue.to_host(list.data(), all.data(), all.size() * sizeof(Undecided));
  }
  decide(all);
  queue.to_device(all.data(), list.data(), all.size() * sizeof(Undecided));
  queue.launch(put, Grid::over(n), list.data(), n, y);
}

}  // namespace

void pow(Queue& queue, const Tensor& a, const Tensor& b, const Tensor& y) {
  const auto layout = cuda::layout<3>({&a, &b, &y});
  if (layout.elements == 0) return;
  float* const to = y.mutable_data_as<float>();
  if (to != a.data() && to != b.data()) return compute(queue, a, b, layout, to);
  // A second launch, for many that are undecided, has to find the inputs as they were.
  cuda::Scratch<float> aside(queue, layout.elements);
  compute(queue, a, b, layout, aside.data());
  queue.copy(aside.data(), to, static_cast<size_t>(layout.elements) * sizeof(float));
}

}  // namespace stet::cuda_kernels
