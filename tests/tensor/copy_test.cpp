// Copies of views, element by element.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"

namespace stet {
namespace {

// The elements of a view of counted numbers, found by their indices.
template <class T> void expect_copied(const Tensor& view, const Tensor& whole) {
  const Tensor copy = contiguous(view);
  ASSERT_TRUE(copy.is_contiguous());
  const auto got = copy.to_vector<T>();
  const T* memory = whole.data_as<T>();
  const T* first = view.data_as<T>();
  std::vector<int64_t> at(static_cast<size_t>(view.rank()), 0);
  for (const T value : got) {
    const T* element = first;
    for (size_t a = 0; a < at.size(); ++a) element += at[a] * view.strides()[a];
    ASSERT_GE(element, memory);
    ASSERT_EQ(value, *element);
    for (size_t a = at.size(); a-- > 0;) {
      if (++at[a] < view.size(static_cast<int>(a))) break;
      at[a] = 0;
    }
  }
}

TEST(Copy, OfPermutedAndSlicedViewsOfEveryDtype) {
  const auto check = [](auto sample, DType dtype) {
    using T = decltype(sample);
    for (const Shape& shape :
         {Shape{3, 5, 7}, Shape{33, 64, 31}, Shape{2, 65, 100}, Shape{1, 4, 129}, Shape{70, 1, 70}}) {
      const Tensor x = remainder(arange(shape.elements()), Tensor(int64_t{251})).to(dtype).reshape(shape.dims());
      for (const std::vector<int>& order : {std::vector{2, 1, 0}, {0, 2, 1}, {1, 0, 2}, {2, 0, 1}, {1, 2, 0}}) {
        const Tensor view = x.permute(order);
        expect_copied<T>(view, x);
        expect_copied<T>(view.slice(0, 0, view.size(0), 2), x);
        expect_copied<T>(view.slice(2, view.size(2) / 2, view.size(2)), x);
        expect_copied<T>(view.unsqueeze(0).expand({3, -1, -1, -1}), x);
      }
    }
  };
  check(uint8_t{}, DType::uint8);
  check(float{}, DType::float32);
  check(double{}, DType::float64);
  check(int64_t{}, DType::int64);
}

TEST(Copy, IntoAViewOnManyThreads) {
  const int before = threads();
  for (const int count : {1, 3}) {
    set_threads(count);
    const Tensor x = arange(300 * 200).to(DType::float32).reshape({300, 200});
    const Tensor joined = concatenate({x.transpose(), x.transpose() * 2}, 1);
    EXPECT_EQ(joined(7, 11).item<float>(), 11 * 200 + 7);
    EXPECT_EQ(joined(199, 300 + 299).item<float>(), 2 * (299 * 200 + 199));
  }
  set_threads(before);
}

}  // namespace
}  // namespace stet
