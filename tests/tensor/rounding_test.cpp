// Division with a remainder, bits and kinds of numbers, of integers and bool; and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using ::testing::StartsWith;

template <class T> void expect_divisions() {
  const Tensor a = Tensor::from(std::vector<T>{7, T(-7), 7, T(-7), 6, 0, std::numeric_limits<T>::min()});
  const Tensor b = Tensor::from(std::vector<T>{3, 3, T(-3), T(-3), T(-3), T(-3), T(-1)});
  EXPECT_EQ(floor_divide(a, b).to_vector<T>(), (std::vector<T>{2, -3, -3, 2, -2, 0, std::numeric_limits<T>::min()}));
  EXPECT_EQ(remainder(a, b).to_vector<T>(), (std::vector<T>{1, 2, -2, -1, 0, 0, 0}));
  EXPECT_EQ(fmod(a, b).to_vector<T>(), (std::vector<T>{1, -1, 1, -1, 0, 0, 0}));
}

TEST(Rounding, DividesIntegersDown) {
  expect_divisions<int32_t>();
  expect_divisions<int64_t>();
  const Tensor bytes = Tensor::from(std::vector<uint8_t>{7, 200, 255});
  EXPECT_EQ(floor_divide(bytes, 3).to_vector<uint8_t>(), (std::vector<uint8_t>{2, 66, 85}));
  EXPECT_EQ(remainder(bytes, 3).to_vector<uint8_t>(), (std::vector<uint8_t>{1, 2, 0}));
  EXPECT_EQ(floor(bytes).to_vector<uint8_t>(), bytes.to_vector<uint8_t>());
}

TEST(Rounding, NamesTheOpThatDividesByZero) {
  for (DType dtype : {DType::int32, DType::int64, DType::uint8}) {
    const Tensor a = ones({3}, dtype), b = zeros({3}, dtype);
    EXPECT_EQ(error_of<DataError>([&] { a / b; }), "div: integer division by zero");
    EXPECT_EQ(error_of<DataError>([&] { floor_divide(a, b); }), "floor_divide: integer division by zero");
    EXPECT_EQ(error_of<DataError>([&] { remainder(a, b); }), "remainder: integer division by zero");
    EXPECT_EQ(error_of<DataError>([&] { fmod(a, 0); }), "fmod: integer division by zero");
  }
}

TEST(Rounding, KindsOfIntegers) {
  for (DType dtype : {DType::int32, DType::int64, DType::uint8, DType::boolean}) {
    const Tensor x = ones({2}, dtype);
    EXPECT_EQ(isnan(x).to_vector<bool>(), std::vector<bool>(2, false));
    EXPECT_EQ(isinf(x).to_vector<bool>(), std::vector<bool>(2, false));
    EXPECT_EQ(isfinite(x).to_vector<bool>(), std::vector<bool>(2, true));
  }
}

template <class T> void expect_bits() {
  const Tensor a = Tensor::from(std::vector<T>{0x5a, T(-1), std::numeric_limits<T>::min()});
  const auto last = static_cast<T>(8 * sizeof(T) - 1);
  EXPECT_EQ((a & 0x0f).template to_vector<T>()[0], 0x0a);
  EXPECT_EQ((a | 0x0f).template to_vector<T>()[0], 0x5f);
  EXPECT_EQ((a ^ 0x0f).template to_vector<T>()[0], 0x55);
  EXPECT_EQ((~a).template to_vector<T>()[0], static_cast<T>(~0x5a));
  EXPECT_EQ((a << 1).template to_vector<T>()[1], static_cast<T>(T(-1) * 2));
  EXPECT_EQ((a << Tensor(static_cast<T>(last + 1))).template to_vector<T>()[1], 0);
  EXPECT_EQ((a >> Tensor(last)).template to_vector<T>()[1], std::is_signed_v<T> ? T(-1) : T(1));
  EXPECT_EQ((a >> Tensor(static_cast<T>(last + 1))).template to_vector<T>()[1], std::is_signed_v<T> ? T(-1) : T(0));
  if constexpr (std::is_signed_v<T>) {
    EXPECT_EQ((a << -1).template to_vector<T>()[0], 0);
    EXPECT_EQ((a >> -1).template to_vector<T>()[2], T(-1));
  }
}

TEST(Bitwise, OfEveryIntegerType) {
  expect_bits<int32_t>();
  expect_bits<int64_t>();
  expect_bits<uint8_t>();
}

TEST(Bitwise, OfBoolIsLogical) {
  const Tensor a = Tensor::from(std::vector<bool>{true, true, false, false}, {4}),
               b = Tensor::from(std::vector<bool>{true, false, true, false}, {4});
  EXPECT_EQ((a & b).to_vector<bool>(), (a && b).to_vector<bool>());
  EXPECT_EQ((a | b).to_vector<bool>(), (a || b).to_vector<bool>());
  EXPECT_EQ((a ^ b).to_vector<bool>(), (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ((~a).to_vector<bool>(), (!a).to_vector<bool>());
  EXPECT_EQ((a & true).dtype(), DType::boolean);
}

TEST(Rounding, RefusesInOneLine) {
  const Tensor x = ones({2}), whole = ones({2}, DType::int64), flags = x > 0;
  EXPECT_EQ(error_of([&] { x& x; }), "&: takes integers or bool, not float32");
  EXPECT_EQ(error_of([&] { (void)(x | 1); }), "|: takes integers or bool, not float32");
  EXPECT_EQ(error_of([&] { ~x; }), "~: takes integers or bool, not float32");
  EXPECT_EQ(error_of([&] { flags << flags; }), "<<: takes integers, not bool; convert with to()");
  EXPECT_THAT(error_of([&] { whole ^ 0.5; }), StartsWith("^: 0.5 is not a value of int64"));
  EXPECT_THAT(error_of([&] { whole >> x; }), StartsWith(">>: int64 and float32 don't mix"));
  EXPECT_THAT(error_of([&] { floor(flags); }), StartsWith("floor: takes numbers"));
  EXPECT_THAT(error_of([&] { remainder(flags, flags); }), StartsWith("remainder: takes numbers"));
  EXPECT_THAT(error_of([&] { remainder(whole, 0.5); }), StartsWith("remainder: 0.5 is not a value of int64"));
  EXPECT_THAT(error_of([&] { fmod(x, ones({3})); }), StartsWith("fmod: "));
  EXPECT_THAT(error_of([&] { floor_divide(x, whole); }), StartsWith("floor_divide: float32 and int64"));
  EXPECT_THAT(error_of([] { round(broadcast_to(zeros({}), {int64_t{1} << 62})); }), StartsWith("round: "));
}

}  // namespace
}  // namespace stet
