// Matrix products on the GPU against the CPU's, bit for bit.
#include <functional>
#include <string>

#include "cuda/device.h"
#include "stet/tensor/ops.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::awkward, testing::device;

void expect_same(const Tensor& got, const Tensor& want) {
  ASSERT_EQ(got.shape(), want.shape());
  if (want.dtype() == DType::float32) EXPECT_TRUE(testing::all_same_bits(got.to_vector<float>(), want.to_vector<float>()));
  else EXPECT_TRUE(testing::all_same_bits(got.to_vector<double>(), want.to_vector<double>()));
}

// A view of a tensor, made on either device.
using View = std::function<Tensor(const Tensor&)>;
Tensor as_it_is(const Tensor& x) { return x; }
Tensor transposed(const Tensor& x) { return x.transpose(); }

void check_product(const Tensor& a, const View& of_a, const Tensor& b, const View& of_b) {
  expect_same(matmul(of_a(a.to(device())), of_b(b.to(device()))), matmul(of_a(a), of_b(b)));
}

TEST(Product, EverySizeOfK) {
  testing::in_orders([] {
    for (int64_t k : {0, 1, 17, 512, 513, 1025}) {
      SCOPED_TRACE(k);
      for (bool specials : {false, true}) {
        check_product(awkward({3, k}, 1, specials), as_it_is, awkward({k, 5}, 2, specials), as_it_is);
        check_product(awkward({k, 4}, 1, specials), transposed, awkward({k, 8}, 2, specials), as_it_is);
        check_product(awkward({3, k}, 1, specials), as_it_is, awkward({5, k}, 2, specials), transposed);
      }
    }
  });
}

}  // namespace
}  // namespace stet
