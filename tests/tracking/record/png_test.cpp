#include "stet/tracking/record/png.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

std::string refusal(const Shape& shape) {
  try {
    encode_png(zeros(shape));
  } catch (const UsageError& error) { return error.what(); }
  return "no error";
}

TEST(Png, OnePlaneIsGrey) {
  const Tensor grey = Tensor::from(std::vector<uint8_t>{0, 50, 100, 150, 200, 250}, {2, 3});
  const Png flat = encode_png(grey), plane = encode_png(grey.reshape({1, 2, 3}));
  EXPECT_EQ(plane.width, 3);
  EXPECT_EQ(plane.height, 2);
  EXPECT_EQ(plane.bytes, flat.bytes);
}

TEST(Png, OtherShapesAreRefused) {
  for (const Shape& shape : {Shape{3}, Shape{2, 4, 4}, Shape{4, 4, 3}, Shape{1, 1, 2, 2}, Shape{0, 3}, Shape{1, 3, 0}})
    EXPECT_THAT(refusal(shape), HasSubstr("log_image: an image has shape [H, W], [1, H, W] or [3, H, W], not"));
}

}  // namespace
}  // namespace stet::tracking
