// A row's result, and the gradient of its input, do not depend on the other rows of its batch, nor on how many there
// are.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"
#include "tensor/bits.h"
#include "tensor/product_reference.h"

namespace stet {
namespace {

struct RowCase {
  const char* name;
  Shape row;  ///< without the batch's axis, which is the first
  std::function<Tensor(const Tensor&)> op;
};

// Numbers of many magnitudes, made once.
Tensor fixed(const Shape& shape, uint64_t seed) {
  static std::map<std::pair<std::string, uint64_t>, Tensor> made;
  Tensor& x = made[{shape.to_string(), seed}];
  if (!x.defined()) x = testing::awkward(shape, seed, false);
  return x;
}

std::vector<RowCase> cases() {
  return {
      {"exp", {33}, [](auto& x) { return exp(x); }},
      {"gelu", {3, 11}, [](auto& x) { return gelu(x); }},
      {"a sum with a bias", {33}, [](auto& x) { return x * fixed({33}, 1) + fixed({33}, 2); }},
      {"sum", {5, 1030}, [](auto& x) { return sum(x, {-1}); }},
      {"max", {5, 33}, [](auto& x) { return max(x, {1}); }},
      {"softmax", {1030}, [](auto& x) { return softmax(x); }},
      {"softmax along a middle axis", {70, 3}, [](auto& x) { return softmax(x, 1); }},
      {"log_softmax", {10}, [](auto& x) { return log_softmax(x); }},
      {"cross_entropy_rows", {10}, [](auto& x) { return cross_entropy_rows(x, full({x.size(0)}, 3, DType::int64)); }},
      {"linear",
       {33},
       [](auto& x) {
         return linear(x, fixed({10, 33}, 1), fixed({10}, 2));
       }},
      {"linear with relu",
       {784},
       [](auto& x) {
         return linear(x, fixed({65, 784}, 1), fixed({65}, 2), Activation::relu);
       }},
      {"linear of sequences",
       {7, 40},
       [](auto& x) {
         return linear(x, fixed({530, 40}, 1));
       }},
      {"matmul",
       {600},
       [](auto& x) {
         return matmul(x, fixed({600, 17}, 1));
       }},
      {"batched matmul",
       {5, 65},
       [](auto& x) {
         return matmul(x, fixed({65, 9}, 1));
       }},
      {"matmul of both", {5, 9}, [](auto& x) { return matmul(x, x.transpose()); }},
      {"conv2d",
       {3, 9, 11},
       [](auto& x) {
         return conv2d(x, fixed({17, 3, 3, 3}, 1), fixed({17}, 2), {.padding = {1, 1}});
       }},
      {"conv2d of a chunk and more",
       {64, 5, 6},
       [](auto& x) {
         return conv2d(x, fixed({9, 64, 3, 3}, 1));
       }},
      {"conv2d, strided",
       {16, 8, 8},
       [](auto& x) {
         return conv2d(x, fixed({32, 16, 3, 3}, 1), {},
                       {.stride = {2, 2}, .padding = {1, 1}, .activation = Activation::relu});
       }},
      {"conv2d, one by one",
       {16, 4, 4},
       [](auto& x) {
         return conv2d(x, fixed({33, 16, 1, 1}, 1));
       }},
      {"max_pool2d",
       {3, 9, 11},
       [](auto& x) {
         return max_pool2d(x, {2, 2});
       }},
      {"avg_pool2d",
       {3, 9, 11},
       [](auto& x) {
         return avg_pool2d(x, {3, 3}, {.stride = {2, 2}, .padding = {1, 1}});
       }},
      {"adaptive_avg_pool2d",
       {3, 9, 11},
       [](auto& x) {
         return adaptive_avg_pool2d(x, {4, 3});
       }},
      {"conv_transpose2d",
       {16, 4, 5},
       [](auto& x) {
         return conv_transpose2d(x, fixed({16, 9, 3, 3}, 1), fixed({9}, 2), {.stride = {2, 2}});
       }},
      {"group_norm", {6, 5, 7}, [](auto& x) { return group_norm(x, 3, fixed({6}, 1), fixed({6}, 2)); }},
      {"instance_norm", {3, 5, 7}, [](auto& x) { return instance_norm(x, fixed({3}, 1), fixed({3}, 2)).y; }},
      {"rms_norm", {128}, [](auto& x) { return rms_norm(x, fixed({128}, 1)); }},
      {"layer_norm", {128}, [](auto& x) { return layer_norm(x, fixed({128}, 1), fixed({128}, 2)); }},
      {"batch_norm_evaluation",
       {5, 6, 7},
       [](auto& x) {
         return batch_norm_evaluation(x, fixed({5}, 1), square(fixed({5}, 2)), fixed({5}, 3), fixed({5}, 4));
       }},
  };
}

struct Outcome {
  Tensor y, gradient;
};

Outcome outcome(const RowCase& c, const Tensor& x, const std::function<Tensor(const Shape&)>& upstream) {
  const Tensor watched = watch(x), y = c.op(watched);
  return {y.detach(), backward(sum(y * upstream(y.shape())))[watched]};
}

void expect_row(const Outcome& batch, int64_t i, const Outcome& alone) {
  EXPECT_TRUE(testing::all_same_bits(batch.y.slice(0, i, i + 1).to_vector<float>(), alone.y.to_vector<float>()))
      << "forward";
  EXPECT_TRUE(
      testing::all_same_bits(batch.gradient.slice(0, i, i + 1).to_vector<float>(), alone.gradient.to_vector<float>()))
      << "gradient";
}

TEST(Batch, ARowIsTheSameAloneAndAmongOthers) {
  for (const RowCase& c : cases()) {
    for (bool specials : {false, true}) {
      SCOPED_TRACE(c.name);
      std::vector<int64_t> dims = c.row.dims();
      dims.insert(dims.begin(), 64);
      const Tensor x = testing::awkward(Shape(dims), 5, specials);
      // What stands beside row i: other numbers, and infinities and NaN.
      const Tensor other = testing::awkward(Shape(dims), 6, true);
      const auto upstream = [](const Shape& shape) { return fixed(shape, 7); };
      for_each_isa([&] {
        for (int threads : {1, 3}) {
          with_threads(threads, [&] {
            const Outcome whole = outcome(c, x, upstream);
            for (int64_t i : {0, 30, 63}) {
              SCOPED_TRACE(i);
              const auto g = [&](const Shape& shape) {
                std::vector<int64_t> all = shape.dims();
                all[0] = 64;
                return fixed(Shape(all), 7).slice(0, i, i + shape[0]);
              };
              expect_row(whole, i, outcome(c, x.slice(0, i, i + 1), g));
              const Tensor row = arange(64) == Tensor(i);
              const Tensor mixed = where(row.reshape([&] {
                std::vector<int64_t> ones(dims.size(), 1);
                ones[0] = 64;
                return ones;
              }()),
                                         x, other);
              const Outcome among = outcome(c, mixed, upstream);
              expect_row(among, i, {whole.y.slice(0, i, i + 1), whole.gradient.slice(0, i, i + 1)});
            }
          });
        }
      });
    }
  }
}

}  // namespace
}  // namespace stet
