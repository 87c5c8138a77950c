// The dispatch on dtypes: what it doesn't know, or a visit doesn't take, throws and is named.
#include "stet/tensor/dtype.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::HasSubstr, testing::ThrowsMessage;

constexpr DType kAll[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean};
constexpr auto kInvented = static_cast<DType>(200);

TEST(DTypeDispatch, GivesTheTypeOfEveryDType) {
  for (DType dtype : kAll) EXPECT_EQ(visit_dtype(dtype, []<class T>(T) { return dtype_of<T>; }), dtype);
  for (DType dtype : {DType::float32, DType::float64})
    EXPECT_EQ(visit_floating(dtype, []<class T>(T) { return dtype_of<T>; }), dtype);
}

TEST(DTypeDispatch, ThrowsOnWhatItDoesNotKnow) {
  const auto nothing = []<class T>(T) {};
  EXPECT_THAT([&] { visit_dtype(kInvented, nothing); }, ThrowsMessage<UsageError>(HasSubstr("dtype 200")));
  EXPECT_THAT([&] { visit_floating(kInvented, nothing); }, ThrowsMessage<UsageError>(HasSubstr("dtype 200")));
}

TEST(DTypeDispatch, FloatingThrowsOnIntegers) {
  for (DType dtype : {DType::int32, DType::int64, DType::uint8, DType::boolean}) {
    EXPECT_THAT(
        [&] { visit_floating(dtype, []<class T>(T) {}); },
        ThrowsMessage<UsageError>(AllOf(HasSubstr(std::string(name_of(dtype))), HasSubstr("float32 or float64"))));
  }
}

// No kernel reads elements of a type that it doesn't know as some other type's.
TEST(DTypeDispatch, KernelsThrowOnWhatTheyDoNotKnow) {
  const Tensor x = Tensor::uninitialized({2, 0}, kInvented);
  EXPECT_THROW(x.to(DType::float32), UsageError);
  EXPECT_THROW(zeros({2}, kInvented), UsageError);
  EXPECT_THROW(x + x, UsageError);
}

}  // namespace
}  // namespace stet
