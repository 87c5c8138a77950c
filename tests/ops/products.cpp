// Products, whose K runs over several chunks of 512 in forward or gradient; convolution.
#include "ops/case.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/ops/composed.h"

namespace stet::testing {
namespace {

// The bias may be left out.
Tensor third(const Tensors& x) { return x.size() > 2 ? x[2] : Tensor(); }

// Shapes for all m, k and n of 0 to 2.
std::vector<Shapes> tiny(const std::function<Shapes(int64_t m, int64_t k, int64_t n)>& shapes) {
  std::vector<Shapes> all;
  for (int64_t m : {0, 1, 2}) {
    for (int64_t k : {0, 1, 2}) {
      for (int64_t n : {0, 1, 2}) all.push_back(shapes(m, k, n));
    }
  }
  return all;
}

Shapes factors(int64_t m, int64_t k, int64_t n) { return {{m, k}, {k, n}}; }
Shapes factors_of_no_batch(int64_t m, int64_t k, int64_t n) { return {{0, m, k}, {0, k, n}}; }
Shapes batch_and_one(int64_t m, int64_t k, int64_t n) { return {{3, m, k}, {k, n}}; }
Shapes layer(int64_t m, int64_t k, int64_t n) { return {{m, k}, {n, k}, {n}}; }
Shapes layer_of_two(int64_t m, int64_t k, int64_t n) { return {{2, m, k}, {n, k}}; }
Shapes layer_of_no_batch(int64_t m, int64_t k, int64_t n) { return {{0, m, k}, {n, k}}; }

std::vector<Shapes> both(std::vector<Shapes> a, const std::vector<Shapes>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<Shapes> tiny_images(int64_t kernel) {
  std::vector<Shapes> all;
  for (int64_t images : {0, 1}) {
    for (int64_t side : {1, 3}) {
      for (int64_t in : {0, 1, 2}) {
        for (int64_t out : {0, 1, 2}) all.push_back({{images, in, side, side}, {out, in, kernel, kernel}, {out}});
      }
    }
  }
  return all;
}

OpCase& linear_row(Table& t, const char* name, Activation activation) {
  std::vector<Shapes> sizes;
  const std::pair<Shape, int64_t> layers[] = {{{1, 1}, 1},     {{5, 7}, 3}, {{3, 2, 17}, 33}, {{9}, 65},
                                              {{26, 513}, 10}, {{0, 4}, 3}, {{4, 0}, 3}};
  for (const auto& [x, out] : layers) {
    sizes.push_back({x, {out, x[-1]}});
    sizes.push_back({x, {out, x[-1]}, {out}});
  }
  return t.add(name, [=](auto& x) { return linear(x[0], x[1], third(x), activation); })
      .composed_as([=](auto& x) { return composed::linear(x[0], x[1], third(x), activation); }, sizes)
      .smooth_at({{2, 2, 3}, {4, 3}, {4}});
}

OpCase& conv_row(Table& t, const char* name, const Conv2dOptions& options, const std::vector<Shapes>& sizes) {
  std::vector<Shapes> all;
  for (const Shapes& s : sizes) {
    all.push_back(s);
    all.push_back({s[0], s[1], {s[1][0]}});
  }
  return t.add(name, [=](auto& x) { return conv2d(x[0], x[1], third(x), options); })
      .composed_as([=](auto& x) { return composed::conv2d(x[0], x[1], third(x), options); }, all)
      .smooth_at({{2, 2, 5, 4}, {3, 2, 3, 2}, {3}});
}

void conv1d_rows(Table& t) {
  const Conv1dOptions options{.stride = 2, .padding = 1, .dilation = 2, .groups = 2, .activation = Activation::relu};
  t.add("conv1d", [](auto& x) { return conv1d(x[0], x[1], x[2]); })
      .composed_as([](auto& x) { return conv2d(x[0].unsqueeze(2), x[1].unsqueeze(2), x[2]).squeeze(2); },
                   {{{2, 3, 17}, {5, 3, 3}, {5}}})
      .smooth_at({{2, 2, 5}, {3, 2, 3}, {3}})
      .edges_at({{{0, 2, 5}, {3, 2, 3}, {3}}, {{1, 1, 1}, {1, 1, 1}, {1}}})
      .digest({{{{2, 3, 35}, {5, 3, 3}, {5}}}, {{{3, 70, 33}, {17, 70, 9}, {17}}, Numbers::wide}});
  t.add("conv1d.all_options", [=](auto& x) { return conv1d(x[0], x[1], x[2], options); })
      .smooth_at({{2, 4, 9}, {4, 2, 3}, {4}})
      .digest({{{{2, 4, 35}, {6, 2, 3}, {6}}}});
}

// y as conv2d's gradient for its input: what the transposed convolution is the name of.
Tensor adjoint_of_conv(const Tensors& x, const Shape& image, const Conv2dOptions& options) {
  const Tensor input = watch(zeros(image, x[0].dtype(), x[0].device()));
  return backward(sum(conv2d(input, x[1], {}, options) * x[0]), {.graph = true})[input];
}

OpCase& transposed_row(Table& t, const char* name, const ConvTranspose2dOptions& o) {
  return t.add(name, [=](auto& x) { return conv_transpose2d(x[0], x[1], third(x), o); });
}

void transposed_rows(Table& t) {
  transposed_row(t, "conv_transpose2d", {})
      .composed_as(
          [](auto& x) {
            return adjoint_of_conv(x, {2, 3, 7, 6}, {}) + x[2].reshape({3, 1, 1});
          },
          {{{2, 5, 5, 4}, {5, 3, 3, 3}, {3}}})
      .smooth_at({{2, 2, 3, 2}, {2, 3, 2, 2}, {3}})
      .edges_at(
          {{{0, 2, 3, 3}, {2, 3, 2, 2}, {3}}, {{1, 1, 1, 1}, {1, 1, 1, 1}, {1}}, {{1, 0, 2, 2}, {0, 2, 2, 2}, {2}}})
      .digest({{{{2, 5, 7, 8}, {5, 3, 3, 2}, {3}}},
               {{{2, 70, 9, 8}, {70, 33, 3, 3}, {33}}, Numbers::wide},
               {{{1, 2, 4, 3}, {2, 3, 3, 3}}, Numbers::wide, DType::float64}});
  transposed_row(t, "conv_transpose2d.doubling", {.stride = {2, 2}})
      .smooth_at({{1, 2, 3, 2}, {2, 3, 2, 2}, {3}})
      .digest({{{{2, 16, 7, 8}, {16, 8, 2, 2}, {8}}, Numbers::wide}});
  transposed_row(t, "conv_transpose2d.all_options",
                 {.stride = {2, 3}, .padding = {1, 2}, .output_padding = {1, 2}, .dilation = {2, 1}, .groups = 2})
      .smooth_at({{1, 4, 3, 2}, {4, 1, 2, 3}, {2}})
      .digest({{{{2, 4, 7, 8}, {4, 3, 3, 4}, {6}}}, {{{3, 16, 9, 9}, {16, 9, 3, 3}, {18}}, Numbers::wide}});
  const ConvTranspose2dOptions beyond{
      .stride = {1, 2}, .padding = {1, 0}, .output_padding = {2, 2}, .dilation = {3, 3}};
  transposed_row(t, "conv_transpose2d.output_padding", beyond)
      .composed_as(
          [=](auto& x) {
            ConvTranspose2dOptions within = beyond;
            within.output_padding = {0, 0};
            return conv_transpose2d(pad(x[0], {{0, 2}, {0, 1}}), x[1], x[2], within);
          },
          {{{2, 3, 5, 4}, {3, 4, 2, 3}, {4}}})
      .smooth_at({{1, 2, 3, 2}, {2, 1, 2, 3}, {1}})
      .digest({{{{2, 4, 7, 8}, {4, 3, 3, 2}, {3}}}});
  t.add("conv_transpose1d",
        [](auto& x) {
          return conv_transpose1d(x[0], x[1], x[2], {.stride = 3, .padding = 1, .output_padding = 2, .groups = 2});
        })
      .composed_as(
          [](auto& x) {
            const ConvTranspose2dOptions flat{
                .stride = {1, 3}, .padding = {0, 1}, .output_padding = {0, 2}, .groups = 2};
            return conv_transpose2d(x[0].unsqueeze(2), x[1].unsqueeze(2), x[2], flat).squeeze(2);
          },
          {{{2, 4, 9}, {4, 3, 5}, {6}}})
      .smooth_at({{1, 4, 3}, {4, 1, 3}, {2}})
      .digest({{{{2, 4, 35}, {4, 3, 4}, {6}}}, {{{3, 64, 33}, {64, 9, 8}, {18}}, Numbers::wide}});
}

}  // namespace

void add_products(Table& t) {
  const auto multiply = [](const Tensors& x) { return matmul(x[0], x[1]); };
  t.add("matmul", multiply)
      .smooth_at({{2, 3}, {3, 4}})
      .edges_at(tiny(factors))
      .digest({{{{13, 37}, {37, 19}}},
               {{{13, 1030}, {1030, 37}}, Numbers::wide},
               {{{1, 600}, {600, 33}}, Numbers::wide},
               {{{33, 65}, {65, 1}}, Numbers::wide},
               {{{129, 3}, {3, 257}}, Numbers::wide},
               {{{7, 520}, {520, 9}}, Numbers::wide, DType::float64}});
  t.add("matmul.vectors", multiply)
      .smooth_at({{3}, {3, 2}})
      .digest({{{{37}, {37, 19}}}, {{{19, 37}, {37}}}, {{{1500}, {1500}}, Numbers::wide}});
  t.add("matmul.vector twice", [](auto& x) { return matmul(x[0], matmul(x[1], x[0])); }).smooth_at({{3}, {3, 3}});
  t.add("matmul.batched", multiply)
      .smooth_at({{2, 2, 3}, {3, 2}})
      .edges_at(tiny(factors_of_no_batch))
      .digest({{{{5, 16, 33}, {5, 33, 16}}},
               {{{2, 1, 7, 65}, {3, 65, 9}}, Numbers::wide},
               {{{31, 530, 5}, {31, 5, 7}}, Numbers::wide}});
  t.add("matmul.broadcast", multiply).smooth_at({{2, 1, 2, 3}, {2, 3, 2}}).edges_at(tiny(batch_and_one));
  t.add("matmul.transposed", [](auto& x) { return matmul(x[0].transpose(), x[1].transpose()); })
      .smooth_at({{3, 2}, {4, 3}})
      .digest({{{{37, 13}, {19, 37}}}, {{{1030, 21}, {23, 1030}}, Numbers::wide}});
  linear_row(t, "linear", Activation::none)
      .edges_at(both(tiny(layer_of_two), tiny(layer_of_no_batch)))
      .digest({{{{2, 5, 33}, {7, 33}, {7}}},
               {{{1100, 19}, {23, 19}, {23}}, Numbers::wide},
               {{{3, 700}, {66, 700}, {66}}, Numbers::wide}});
  linear_row(t, "linear.relu", Activation::relu)
      .edges_at(tiny(layer))
      .digest({{{{2, 5, 33}, {7, 33}, {7}}},
               {{{1100, 19}, {65, 19}, {65}}, Numbers::wide},
               {{{70, 33}, {1, 33}, {1}}, Numbers::wide}});
}

void add_convolution(Table& t) {
  conv_row(t, "conv2d", {}, {{{2, 3, 9, 11}, {17, 3, 3, 3}}, {{5, 3, 2, 2}, {4, 3, 2, 2}}})
      .edges_at(tiny_images(1))
      .digest({{{{2, 3, 9, 11}, {5, 3, 3, 3}, {5}}},
               {{{3, 5, 17, 19}, {64, 5, 3, 3}, {64}}, Numbers::wide},
               {{{1, 70, 7, 9}, {33, 70, 3, 3}}, Numbers::wide},
               {{{1, 2, 5, 6}, {3, 2, 3, 2}}, Numbers::wide, DType::float64}});
  const std::vector<Shapes> padded = {
      {{2, 16, 16, 16}, {5, 16, 3, 3}}, {{3, 66, 8, 8}, {9, 66, 3, 3}}, {{3, 66, 5, 8}, {64, 66, 3, 3}}};
  conv_row(t, "conv2d.relu", {.padding = {1, 1}, .activation = Activation::relu}, padded)
      .edges_at(tiny_images(3))
      .digest({{{{2, 3, 9, 11}, {5, 3, 3, 3}, {5}}}, {{{3, 16, 13, 13}, {33, 16, 3, 3}, {33}}, Numbers::wide}});
  conv_row(t, "conv2d.padded", {.padding = {1, 1}}, padded)
      .digest({{{{2, 3, 9, 11}, {5, 3, 3, 3}}}, {{{2, 16, 16, 16}, {16, 16, 3, 3}}, Numbers::wide}});
  conv_row(t, "conv2d.strided", {.stride = {2, 2}, .padding = {1, 1}}, {})
      .digest({{{{2, 3, 9, 11}, {5, 3, 3, 3}}}, {{{2, 16, 17, 17}, {33, 16, 3, 3}}, Numbers::wide}});
  conv_row(t, "conv2d.one_by_one", {.stride = {2, 2}}, {})
      .edges_at(tiny_images(1))
      .smooth_at({{2, 2, 3, 4}, {3, 2, 1, 1}, {3}})
      .digest({{{{2, 3, 9, 11}, {5, 3, 1, 1}}}, {{{2, 530, 5, 6}, {9, 530, 1, 1}}, Numbers::wide}});
  conv_row(t, "conv2d.dilated", {.stride = {1, 3}, .padding = {2, 1}, .dilation = {2, 3}, .groups = 2}, {})
      .smooth_at({{1, 2, 5, 4}, {2, 1, 3, 2}})
      .digest({{{{2, 4, 13, 15}, {6, 2, 3, 2}, {6}}}});
  for (Activation activation : {Activation::none, Activation::relu}) {
    conv_row(t, activation == Activation::relu ? "conv2d.relu in groups" : "conv2d.in groups",
             {.stride = {2, 3}, .padding = {1, 0}, .groups = 2, .activation = activation},
             {{{2, 4, 7, 9}, {6, 2, 2, 3}}})
        .smooth_at({{1, 2, 5, 4}, {2, 1, 3, 2}});
  }
  conv_row(t, "conv2d.relu unpadded", {.activation = Activation::relu},
           {{{2, 3, 9, 11}, {17, 3, 3, 3}}, {{5, 3, 2, 2}, {4, 3, 2, 2}}});

  conv1d_rows(t);
  transposed_rows(t);
}

}  // namespace stet::testing
