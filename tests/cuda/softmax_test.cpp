// Softmax and cross-entropy against the CPU's, over row lengths that take every path of their kernels.
#include <gmock/gmock.h>

#include "cuda/compare.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"

namespace stet::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr int64_t kLengths[] = {1,   2,   3,   7,   10,  31,  32,  33,   63,   64,   65,  100,
                                129, 255, 257, 511, 513, 767, 769, 1023, 1024, 1025, 2500};
constexpr int64_t kLongLengths[] = {8192, 8193, 16384, 16385, 33000};

Tensor like(const Tensor& x) { return Tensor::uninitialized(x.shape(), x.dtype(), x.device()); }

// Logits of a few magnitudes, so that their exponentials don't all vanish.
Tensor logits(const Shape& shape, uint64_t seed) { return clamp(awkward(shape, seed, false) * 0.01, -20, 20); }

Tensor targets(const Shape& shape, int64_t classes) {
  std::vector<int64_t> all;
  for (int64_t i = 0; i < shape.elements(); ++i) all.push_back((i * 7 + 3) % classes);
  return Tensor::from(all, shape);
}

Tensors softmax_of(const Tensors& in) {
  const Tensor &x = in[0], &g = in[1];
  Backend& b = backend(x.device());
  const Tensor y = like(x), logarithm = like(x), dx = like(x);
  b.softmax(x, y);
  b.log_softmax(x, logarithm);
  b.softmax_gradient(g, y, dx);
  return {y, logarithm, dx};
}

// Loss and gradient; what is kept between them need only be the same where the loss is a number.
Tensors cross_entropy_of(const Tensors& in, bool kept = true) {
  const Tensor &x = in[0], &target = in[1], &g = in[2];
  Backend& b = backend(x.device());
  const Tensor loss = like(g), total = like(g), exponentials = like(x), dx = like(x), constant = like(x);
  b.cross_entropy(x, target, loss, exponentials, total);
  b.cross_entropy_gradient(g, target, exponentials, total, dx);
  const Tensor one = full({}, 0.25, g.dtype(), g.device());
  b.cross_entropy_gradient(broadcast_to(one, g.shape()), target, exponentials, total, constant);
  Tensors all{loss, dx, constant};
  if (kept) all.insert(all.end(), {exponentials, total});
  return all;
}

void check(int64_t rows, int64_t n) {
  SCOPED_TRACE(n);
  const Tensor x = logits({rows, n}, 1), g = awkward({rows, n}, 2), of_row = awkward({rows}, 3),
               target = targets({rows}, n);
  expect_same({x, g}, softmax_of);
  expect_same({awkward({rows, n}, 4), g}, softmax_of);
  expect_same({x, target, of_row}, [](const Tensors& in) { return cross_entropy_of(in); });
  expect_same({awkward({rows, n}, 4), target, of_row}, [](const Tensors& in) { return cross_entropy_of(in, false); });
}

TEST(Softmax, EqualsTheCpus) {
  in_orders([] {
    for (int64_t n : kLengths) check(5, n);
  });
}

TEST(Softmax, OfLongRowsEqualsTheCpus) {
  for (int64_t n : kLongLengths) check(2, n);
}

TEST(Softmax, GradientOfFloat64EqualsTheCpus) {
  for (int64_t n : {1, 33, 100, 700, 1024, 5000, 8192, 8193}) {
    SCOPED_TRACE(n);
    expect_same({awkward({3, n}, 1).to(DType::float64), awkward({3, n}, 2).to(DType::float64)}, [](const Tensors& in) {
      const Tensor dx = like(in[0]);
      backend(dx.device()).softmax_gradient(in[0], in[1], dx);
      return Tensors{dx};
    });
  }
}

TEST(Softmax, OfNothingIsNothing) {
  expect_same({Tensor::from(std::vector<float>(), {0, 7}), Tensor::from(std::vector<float>(), {0, 7})}, softmax_of);
  expect_same({Tensor::from(std::vector<float>(), {0, 7}), targets({0}, 7), Tensor::from(std::vector<float>(), {0})},
              [](const Tensors& in) { return cross_entropy_of(in); });
}

TEST(Softmax, AlongOtherAxesIsComposed) {
  expect_same({logits({3, 40, 5}, 1)}, [](const Tensors& in) {
    return Tensors{softmax(in[0], 1), log_softmax(in[0], 0)};
  });
}

TEST(CrossEntropy, ItsGradientTakesAnyLayoutOfG) {
  expect_same({logits({6, 5, 12}, 1), targets({6, 5}, 12), awkward({5, 12}, 2)}, [](const Tensors& in) {
    Backend& b = backend(in[0].device());
    const Tensor loss = Tensor::uninitialized({6, 5}, DType::float32, in[0].device()), total = like(loss),
                 e = like(in[0]);
    b.cross_entropy(in[0], in[1], loss, e, total);
    Tensors all;
    for (const Tensor& g : {in[2].slice(1, 0, 12, 2).transpose(), broadcast_to(in[2][0].slice(0, 0, 5), {6, 5})}) {
      all.push_back(like(e));
      b.cross_entropy_gradient(g, in[1], e, total, all.back());
    }
    return all;
  });
}

TEST(CrossEntropy, ReportsTheFirstTargetThatIsNoClass) {
  for (int64_t n : {4, 2000, 17000}) {
    std::vector<int64_t> target(9, 1);
    target[5] = n;
    target[7] = -1;
    const Tensor x = zeros({9, n}).to(device());
    const Tensor loss = cross_entropy_rows(x, Tensor::from(target).to(device()));
    const std::string message = "cross_entropy: the target at position 5 is not in 0 to " + std::to_string(n - 1);
    EXPECT_THAT([&] { loss.to_vector<float>(); }, ThrowsMessage<DataError>(HasSubstr(message)));
    // It is forgotten then.
    EXPECT_EQ(cross_entropy_rows(x, targets({9}, n).to(device())).to_vector<float>().size(), 9u);
  }
}

TEST(Softmax, OfFloat64HasNoKernel) {
  const Tensor x = zeros({2, 3}, DType::float64).to(device());
  EXPECT_THAT([&] { softmax(x, 1); },
              ThrowsMessage<UsageError>(HasSubstr("softmax of float64: there is no kernel for device cuda:0")));
  EXPECT_THAT([&] { log_softmax(x, 1); }, ThrowsMessage<UsageError>(HasSubstr("log_softmax of float64")));
  EXPECT_THAT([&] { cross_entropy_rows(x, targets({2}, 3).to(device())); },
              ThrowsMessage<UsageError>(HasSubstr("cross_entropy of float64")));
}

}  // namespace
}  // namespace stet::testing
