#include "stet/tracking/run/finite_check.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>

#include "error_of.h"
#include "non_finite.h"
#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

const double nan = std::nan("");

// A checkpoint of step 7 with one tensor.
struct OneTensor {
  std::vector<float> values;
  Checkpoint checkpoint;
  OneTensor(TensorKind kind, std::vector<float> v) : values(std::move(v)) {
    checkpoint.step = 7;
    checkpoint.tensors.push_back({"net/w",
                                  kind,
                                  DType::float32,
                                  {static_cast<int64_t>(values.size())},
                                  std::as_bytes(std::span(values)),
                                  nullptr});
  }
};

TEST(FiniteCheck, NamesStepAndCulprit) {
  const FiniteCheck check;
  EXPECT_EQ(error_of<TrainingError>([&] { check.metric(3, "error", kInfinity); }),
            "step 3: error is inf; log finite values, or go on with --allow-nan");
  EXPECT_EQ(error_of<TrainingError>([&] { check.loss(4, nan); }),
            "step 4: the loss is nan; lower the learning rate, or go on with --allow-nan");
  const OneTensor bad(TensorKind::parameter, {1, static_cast<float>(nan)});
  EXPECT_EQ(error_of<TrainingError>([&] { check.parameters(bad.checkpoint); }),
            "step 7: net/w holds a NaN or an infinity; lower the learning rate, or go on with --allow-nan");
}

TEST(FiniteCheck, LetsFiniteValuesAndBuffersPass) {
  const FiniteCheck check;
  check.metric(1, "error", -1e308);
  check.loss(1, 0);
  check.parameters(OneTensor(TensorKind::parameter, {1, 2}).checkpoint);
  check.parameters(OneTensor(TensorKind::buffer, {static_cast<float>(kInfinity)}).checkpoint);
}

TEST(FiniteCheck, LetsAllPassWhereNanIsAllowed) {
  const FiniteCheck check(true);
  check.metric(1, "error", nan);
  check.loss(1, kInfinity);
  check.parameters(OneTensor(TensorKind::parameter, {static_cast<float>(nan)}).checkpoint);
}

TEST(FiniteCheck, ThereIsOneNan) {
  EXPECT_EQ(std::bit_cast<uint64_t>(with_plain_nan(std::bit_cast<double>(0xfff8000000000001))), 0x7ff8000000000000u);
  EXPECT_EQ(with_plain_nan(-kInfinity), -kInfinity);
}

}  // namespace
}  // namespace stet::tracking
