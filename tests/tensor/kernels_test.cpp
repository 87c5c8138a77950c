// The table between ops and devices.
#include "stet/tensor/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cfenv>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::HasSubstr, testing::ThrowsMessage;

void fill_with_its_rank(Backend&, double, const Tensor& y) {
  for (int64_t i = 0; i < y.elements(); ++i) y.mutable_data_as<float>()[i] = static_cast<float>(y.rank());
}

// A device with one kernel.
class Toy : public Backend {
 public:
  Toy() { fill = fill_with_its_rank; }
  const char* name() const override { return "toy"; }
  void* allocate(size_t) override { return nullptr; }
  void release(void*, size_t) override {}
  void to_host(const void*, void*, size_t) override {}
  void to_device(const void*, void*, size_t) override {}
};

TEST(Kernels, CallWhatTheDeviceFilledIn) {
  const Tensor y = Tensor::uninitialized({2, 1}, DType::float32);
  Toy().fill(0, y);
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{2, 2}));
}

TEST(Kernels, ThrowWhereAnEntryIsEmpty) {
  const Tensor x = zeros({2});
  EXPECT_THAT(
      [&] { Toy().softmax(x, x); },
      ThrowsMessage<UsageError>("softmax: there is no kernel for device toy that keeps the numerics contract; run "
                                "it on the CPU"));
  EXPECT_THAT([&] { Toy().arg_extreme(Reduce::max, x, 0, x); }, ThrowsMessage<UsageError>(HasSubstr("argmax: ")));
}

// One rounding direction for all, whatever the caller's, who keeps it.
TEST(Kernels, OfTheCpuRunInTheContractsEnvironment) {
  const Tensor third = Tensor::uninitialized({1}, DType::float32), one = ones({1}), three = full({1}, 3);
  ASSERT_EQ(std::fesetround(FE_DOWNWARD), 0);
  backend(cpu).binary(Binary::div, one, three, third);
  EXPECT_EQ(std::fegetround(), FE_DOWNWARD);
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(third.to_vector<float>()[0], 0x1.555556p-2f);  // rounded up, to the nearest
}

}  // namespace
}  // namespace stet
