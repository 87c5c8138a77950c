// Tensors on a GPU: how they come and go, and that ops refuse a mixture of devices.
#include "cuda/device.h"

#include <gmock/gmock.h>

#include <sstream>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;
using testing::device;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Device, TensorsComeBackAsTheyWent) {
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, 0, 5}, Shape{1}, Shape{33}, Shape{3, 5, 33}, Shape{70001}}) {
    const Tensor x = awkward(shape, 1);
    const Tensor there = x.to(device());
    EXPECT_EQ(there.device(), device());
    EXPECT_EQ(there.shape(), shape);
    EXPECT_TRUE(all_same_bits(there.to_vector<float>(), x.to_vector<float>()));
    EXPECT_EQ(there.to(cpu).device(), cpu);
    EXPECT_EQ(there.to(device()).data(), there.data()) << "it was there already";
  }
  const std::vector<int64_t> large = {INT64_MIN, -1, 0, INT64_MAX};
  EXPECT_EQ(Tensor::from(large).to(device()).to_vector<int64_t>(), large);
  const std::vector<bool> truths = {true, false, true};
  EXPECT_EQ(Tensor::from(truths, {3}).to(device()).to_vector<bool>(), truths);
  EXPECT_EQ(Tensor(2.5).to(device()).item<double>(), 2.5);
}

TEST(Device, ViewsComeAndGo) {
  const Tensor x = awkward({5, 7, 33}, 2);
  const auto view = [](const Tensor& t) { return t.permute({2, 0, 1}).slice(0, 1, 30, 3).slice(1, 1, 4); };
  const std::vector<float> want = view(x).to_vector<float>();
  EXPECT_TRUE(all_same_bits(view(x).to(device()).to_vector<float>(), want));
  EXPECT_TRUE(all_same_bits(view(x.to(device())).to_vector<float>(), want));
  EXPECT_TRUE(all_same_bits(view(x.to(device())).to(cpu).to_vector<float>(), want));
}

TEST(Device, GradientsFollow) {
  const Tensor x = watch(awkward({5}, 3, false)), factor = awkward({5}, 4, false);
  const Tensor there = x.to(device()) * factor.to(device());
  const Gradients gradients = backward(sum(there.to(cpu)));
  EXPECT_EQ(gradients[x].device(), cpu);
  EXPECT_TRUE(all_same_bits(gradients[x].to_vector<float>(), factor.to_vector<float>()));
}

TEST(Device, PrintingSaysWhereATensorIs) {
  std::ostringstream text;
  text << Tensor::from<float>({1, 2}).to(device());
  EXPECT_EQ(text.str(), "float32 [2] on cuda:0\n[1, 2]");
}

TEST(Device, ATensorThereHasNoSpan) {
  EXPECT_THAT([] { zeros({2}).to(device()).span<float>(); }, ThrowsMessage<UsageError>(HasSubstr("use to(cpu) first")));
}

TEST(Device, OpsRefuseAMixtureOfDevices) {
  const Tensor x = zeros({2, 3}), there = x.to(device());
  const Tensor index = zeros({2}, DType::int64), all = zeros({2, 3}, DType::int64),
               condition = zeros({2, 3}, DType::boolean);
  const std::function<Tensor()> mixtures[] = {
      [&] { return x + there; },
      [&] { return there < x; },
      [&] { return where(condition, there, there); },
      [&] { return where(condition.to(device()), x, there); },
      [&] { return matmul(there, x.transpose()); },
      [&] { return linear(there, x); },
      [&] { return linear(there, there, zeros({2})); },
      [&] {
        return concatenate({x, there});
      },
      [&] { return index_select(there, 0, index); },
      [&] { return gather(there, 0, all); },
      [&] { return scatter_add(there, 0, all, 5); },
      [&] { return cross_entropy_rows(there, index); },
      [&] { return layer_norm(there, zeros({3}), {}); },
      [&] { return batch_norm_evaluation(there, zeros({3}), zeros({3}), {}, {}); },
  };
  for (size_t i = 0; i < std::size(mixtures); ++i) {
    EXPECT_THAT(mixtures[i], ThrowsMessage<UsageError>(HasSubstr("move one with to()"))) << "mixture " << i;
  }
}

}  // namespace
}  // namespace stet
