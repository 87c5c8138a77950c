// gelu's kernels against the CPU's.
#include <gtest/gtest.h>

#include "cuda/device.h"
#include "stet/tensor/backend.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

struct Results {
  std::vector<float> y, one_plus_erf, without, dx;
};

// Of views that begin `skip` elements into their memory.
Results run(Device device, int64_t n, int64_t skip) {
  const auto input = [&](uint64_t seed) { return awkward({n + skip}, seed).to(device).slice(0, skip, n + skip); };
  const auto result = [&] { return Tensor::uninitialized({n}, DType::float32, device); };
  const Tensor x = input(1), g = input(2), y = result(), kept = result(), without = result(), dx = result();
  Backend& b = backend(device);
  b.gelu(x, y, kept);
  b.gelu(x, without, {});
  b.gelu_gradient(g, x, kept, dx);
  return {y.to_vector<float>(), kept.to_vector<float>(), without.to_vector<float>(), dx.to_vector<float>()};
}

TEST(Gelu, EqualsTheCpu) {
  for (int64_t n : {0, 1, 3, 4, 5, 31, 33, 511, 513, 1023, 1025, 4099}) {
    for (int64_t skip : {0, 1, 2}) {
      SCOPED_TRACE(std::to_string(n) + " from " + std::to_string(skip));
      const Results want = run(cpu, n, skip), got = run(testing::device(), n, skip);
      EXPECT_TRUE(all_same_bits(got.y, want.y));
      EXPECT_TRUE(all_same_bits(got.one_plus_erf, want.one_plus_erf));
      EXPECT_TRUE(all_same_bits(got.without, want.y));
      EXPECT_TRUE(all_same_bits(got.dx, want.dx));
    }
  }
}

}  // namespace
}  // namespace stet
