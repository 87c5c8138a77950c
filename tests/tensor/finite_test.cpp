#include "stet/tensor/finite.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "product_reference.h"

namespace stet {
namespace {

template <class T> class Finite : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Finite, Types);

TYPED_TEST(Finite, FindsWhatIsNotAtEveryPlace) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  for_each_isa([] {
    for (size_t n : {0, 1, 7, 8, 15, 16, 17, 33, 70}) {
      std::vector<T> x(n, Limits::max());
      for (size_t i = 0; i < n; i += 2) x[i] = -Limits::denorm_min();
      EXPECT_TRUE(all_finite(x.data(), static_cast<int64_t>(n)));
      for (size_t i = 0; i < n; ++i) {
        for (T value : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN()}) {
          std::vector<T> y = x;
          y[i] = value;
          EXPECT_FALSE(all_finite(y.data(), static_cast<int64_t>(n))) << n << ' ' << i << ' ' << value;
        }
      }
    }
  });
}

}  // namespace
}  // namespace stet
