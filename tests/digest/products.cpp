// Products, whose K runs over several chunks of 512 in forward or gradient; convolution and pooling.
#include "cases.h"
#include "stet/tensor/ops.h"

namespace stet::digests {
namespace {

using In = const std::vector<Tensor>&;

void add_matmuls(Cases& cases) {
  const auto multiply = [](In x) { return matmul(x[0], x[1]); };
  add_op(cases, "matmul",
         {{{{13, 37}, {37, 19}}},
          {{{13, 1030}, {1030, 37}}, Values::wide},
          {{{1, 600}, {600, 33}}, Values::wide},
          {{{33, 65}, {65, 1}}, Values::wide},
          {{{129, 3}, {3, 257}}, Values::wide},
          {{{7, 520}, {520, 9}}, Values::wide, DType::float64}},
         multiply);
  add_op(cases, "matmul.vectors", {{{{37}, {37, 19}}}, {{{19, 37}, {37}}}, {{{1500}, {1500}}, Values::wide}}, multiply);
  add_op(cases, "matmul.batched",
         {{{{5, 16, 33}, {5, 33, 16}}},
          {{{2, 1, 7, 65}, {3, 65, 9}}, Values::wide},
          {{{31, 530, 5}, {31, 5, 7}}, Values::wide}},
         multiply);
  add_op(cases, "matmul.transposed", {{{{37, 13}, {19, 37}}}, {{{1030, 21}, {23, 1030}}, Values::wide}},
         [](In x) { return matmul(x[0].transpose(), x[1].transpose()); });
  add_op(cases, "linear",
         {{{{2, 5, 33}, {7, 33}, {7}}},
          {{{1100, 19}, {23, 19}, {23}}, Values::wide},
          {{{3, 700}, {66, 700}, {66}}, Values::wide}},
         [](In x) { return linear(x[0], x[1], x[2]); });
  add_op(cases, "linear.relu",
         {{{{2, 5, 33}, {7, 33}, {7}}},
          {{{1100, 19}, {65, 19}, {65}}, Values::wide},
          {{{70, 33}, {1, 33}, {1}}, Values::wide}},
         [](In x) { return linear(x[0], x[1], x[2], Activation::relu); });
}

void add_convolutions(Cases& cases) {
  const auto add = [&](const char* name, const std::vector<Inputs>& inputs, const Conv2dOptions& options) {
    add_op(cases, name, inputs,
           [options](In x) { return conv2d(x[0], x[1], x.size() > 2 ? x[2] : Tensor(), options); });
  };
  add("conv2d",
      {{{{2, 3, 9, 11}, {5, 3, 3, 3}, {5}}},
       {{{3, 5, 17, 19}, {64, 5, 3, 3}, {64}}, Values::wide},
       {{{1, 70, 7, 9}, {33, 70, 3, 3}}, Values::wide},
       {{{1, 2, 5, 6}, {3, 2, 3, 2}}, Values::wide, DType::float64}},
      {});
  add("conv2d.relu", {{{{2, 3, 9, 11}, {5, 3, 3, 3}, {5}}}, {{{3, 16, 13, 13}, {33, 16, 3, 3}, {33}}, Values::wide}},
      {.padding = {1, 1}, .activation = Activation::relu});
  add("conv2d.padded", {{{{2, 3, 9, 11}, {5, 3, 3, 3}}}, {{{2, 16, 16, 16}, {16, 16, 3, 3}}, Values::wide}},
      {.padding = {1, 1}});
  add("conv2d.strided", {{{{2, 3, 9, 11}, {5, 3, 3, 3}}}, {{{2, 16, 17, 17}, {33, 16, 3, 3}}, Values::wide}},
      {.stride = {2, 2}, .padding = {1, 1}});
  add("conv2d.one_by_one", {{{{2, 3, 9, 11}, {5, 3, 1, 1}}}, {{{2, 530, 5, 6}, {9, 530, 1, 1}}, Values::wide}},
      {.stride = {2, 2}});
  add("conv2d.dilated", {{{{2, 4, 13, 15}, {6, 2, 3, 2}, {6}}}},
      {.stride = {1, 3}, .padding = {2, 1}, .dilation = {2, 3}, .groups = 2});
}

void add_pools(Cases& cases) {
  const std::vector<Inputs> planes = {
      {{{2, 3, 9, 11}}}, {{{3, 8, 24, 24}}, Values::wide}, {{{1, 2, 9, 8}}, Values::special, DType::float64}};
  add_op(cases, "max_pool2d", planes, [](In x) { return max_pool2d(x[0], {2, 2}); });
  add_op(cases, "max_pool2d.padded", planes, [](In x) {
    return max_pool2d(x[0], {3, 2}, {.stride = {2, 1}, .padding = {1, 1}});
  });
  add_op(cases, "avg_pool2d", planes, [](In x) { return avg_pool2d(x[0], {2, 2}); });
  add_op(cases, "avg_pool2d.padded", planes, [](In x) {
    return avg_pool2d(x[0], {3, 2}, {.stride = {2, 1}, .padding = {1, 1}});
  });
}

}  // namespace

void add_products(Cases& cases) {
  add_matmuls(cases);
  add_convolutions(cases);
  add_pools(cases);
}

}  // namespace stet::digests
