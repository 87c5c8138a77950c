// Random numbers on a GPU against the CPU, bit for bit.
#include "cuda/device.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits, testing::awkward, testing::device;

const int64_t kSizes[] = {0, 1, 2, 3, 4, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1023, 1024, 1025, 10007};
const Draw kDraws[] = {{{1, 2}, 0, 0, 0}, {{0xfffffff0u, 0xdeadbeefu}, 70000, 3, 0xffffffffu}};

template <class T> std::vector<T> drawn(Distribution d, const Draw& draw, int64_t n, Device on) {
  const Tensor y = Tensor::uninitialized({n}, dtype_of<T>, on);
  backend(on).random(d, draw, y);
  return y.to_vector<T>();
}

template <class T> void expect_same_draws(Distribution d) {
  for (const Draw& draw : kDraws) {
    for (int64_t n : kSizes) EXPECT_TRUE(all_same_bits(drawn<T>(d, draw, n, device()), drawn<T>(d, draw, n, cpu))) << n;
  }
}

TEST(CudaRandom, Bits) { expect_same_draws<int64_t>(Distribution::bits); }
TEST(CudaRandom, Uniform) {
  expect_same_draws<float>(Distribution::uniform);
  expect_same_draws<double>(Distribution::uniform);
}
TEST(CudaRandom, Normal) {
  expect_same_draws<float>(Distribution::normal);
  expect_same_draws<double>(Distribution::normal);
}

template <class T> void expect_same_dropout(const Tensor& x, double p) {
  const auto threshold = static_cast<uint64_t>(p * 0x1p32);
  for (const Draw& draw : kDraws) {
    const auto run = [&](const Tensor& from, const Tensor& to) {
      backend(from.device()).dropout(from, draw, threshold, 1 / (1 - p), to);
      return to.to_vector<T>();
    };
    const std::vector<T> want = run(x, Tensor::uninitialized(x.shape(), x.dtype()));
    const Tensor on_gpu = x.to(device());
    EXPECT_TRUE(all_same_bits(run(on_gpu, Tensor::uninitialized(x.shape(), x.dtype(), device())), want))
        << x.elements();
    EXPECT_TRUE(all_same_bits(run(on_gpu, on_gpu), want)) << x.elements() << ", in place";
  }
}

TEST(CudaRandom, Dropout) {
  for (int64_t n : kSizes) {
    expect_same_dropout<float>(awkward({n}, 1), 0.37);
    expect_same_dropout<double>(awkward({n}, 1).to(DType::float64), 0.1);
  }
  expect_same_dropout<float>(awkward({100}, 1), 0);
}

TEST(CudaRandom, DropoutOfUnalignedElements) {
  const Tensor all = awkward({1026}, 1);
  const Tensor x = all.to(device()).slice(0, 1, 1026), y = Tensor::uninitialized({1025}, DType::float32, device());
  backend(device()).dropout(x, kDraws[1], uint64_t{1} << 31, 2, y);
  const Tensor want = Tensor::uninitialized({1025}, DType::float32);
  backend(cpu).dropout(contiguous(all.slice(0, 1, 1026)), kDraws[1], uint64_t{1} << 31, 2, want);
  EXPECT_TRUE(all_same_bits(y.to_vector<float>(), want.to_vector<float>()));
}

}  // namespace
}  // namespace stet
