// Ops with kernels of their own against PyTorch's values, gradients and second gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "golden.h"
#include "gradient_check.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

const Golden& golden() {
  static const Golden file("kernels.h5");
  return file;
}

// Within 1e-12 of the largest; infinities and NaN alike.
void expect_near(const Tensor& got, const Tensor& want, const std::string& what) {
  ASSERT_TRUE(got.defined()) << what;
  ASSERT_EQ(got.shape(), want.shape()) << what;
  const auto a = got.to(DType::float64).to_vector<double>(), b = want.to_vector<double>();
  double largest = 1;
  for (double v : b) largest = std::isfinite(v) ? std::max(largest, std::abs(v)) : largest;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(b[i])) EXPECT_NEAR(a[i], b[i], 1e-12 * largest) << what << " " << i;
    else EXPECT_TRUE(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) << what << " " << i << " is " << a[i];
  }
}

using Tensors = std::vector<Tensor>;
using Op = std::function<Tensor(const Tensors&)>;

// Of sum(y · y · w), for inputs that have one.
Tensors gradients(const Tensors& x, const Tensor& y, const Tensor& w, bool graph) {
  const Gradients g = backward(sum(y * y * w), {.graph = graph});
  Tensors all;
  for (const Tensor& t : x) all.push_back(g[t]);
  return all;
}

enum class Second { from_pytorch, by_differences, none };

void expect_case(const std::string& name, size_t inputs, const Op& op, Second second = Second::from_pytorch) {
  SCOPED_TRACE(name);
  const auto value = [&](const std::string& part, size_t i) { return golden()(name + "/" + part + std::to_string(i)); };
  Tensors x;
  for (size_t i = 0; i < inputs; ++i) x.push_back(watch(value("x", i)));
  const Tensor y = op(x), w = golden()(name + "/w");
  expect_near(y.detach(), golden()(name + "/y"), "y");
  const bool graph = second == Second::from_pytorch;
  const Tensors d = gradients(x, y, w, graph);
  for (size_t i = 0; i < inputs; ++i) expect_near(d[i].detach(), value("d", i), "gradient " + std::to_string(i));
  if (second == Second::by_differences) {
    EXPECT_TRUE(check_second_gradients([&](const Tensors& t) { return square(op(t)) * w; }, x, {.tolerance = 1e-6}));
  }
  if (!graph) return;
  Tensor loss;
  for (size_t i = 0; i < inputs; ++i) {
    const Tensor part = sum(d[i] * value("w", i));
    loss = loss.defined() ? loss + part : part;
  }
  const Gradients dd = backward(loss);
  for (size_t i = 0; i < inputs; ++i) expect_near(dd[x[i]], value("dd", i), "second gradient " + std::to_string(i));
}

void expect_values(const std::string& name, const Tensor& y) {
  SCOPED_TRACE(name);
  expect_near(y.detach(), golden()(name + "/y"), "y");
}

Op interpolated(InterpolateOptions options) {
  return [options](const Tensors& x) { return interpolate(x[0], options); };
}

TEST(KernelValues, OfInterpolateAgreeWithPyTorch) {
  const std::pair<const char*, Interpolation> modes[] = {{"nearest", Interpolation::nearest},
                                                         {"nearest-exact", Interpolation::nearest_exact},
                                                         {"area", Interpolation::area}};
  for (const auto& [name, mode] : modes) {
    expect_case(std::string("interpolate ") + name + " larger", 1, interpolated({.size = {7, 11}, .mode = mode}));
    expect_case(std::string("interpolate ") + name + " smaller", 1, interpolated({.size = {3, 2}, .mode = mode}));
  }
  const std::pair<const char*, Interpolation> filters[] = {{"bilinear", Interpolation::bilinear},
                                                           {"bicubic", Interpolation::bicubic}};
  for (const auto& [name, mode] : filters) {
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{7, 11}, {3, 2}, {1, 9}}) {
      const std::string what =
          std::string("interpolate ") + name + " " + std::to_string(height) + " " + std::to_string(width);
      InterpolateOptions options{.size = {height, width}, .mode = mode};
      expect_case(what, 1, interpolated(options));
      options.align_corners = true;
      expect_case(what + " aligned", 1, interpolated(options));
      options.align_corners = false, options.antialias = true;
      expect_case(what + " antialiased", 1, interpolated(options));
    }
  }
  expect_case("interpolate linear", 1, interpolated({.size = {11}, .mode = Interpolation::linear}));
  expect_case("interpolate trilinear", 1, interpolated({.size = {3, 5, 4}, .mode = Interpolation::linear}));
  expect_case("interpolate scale", 1, interpolated({.scale = {2}, .mode = Interpolation::bilinear}));
}

TEST(KernelValues, OfGridSampleAgreeWithPyTorch) {
  for (const auto& [mode, sampling] :
       {std::pair{"bilinear", GridSampling::bilinear}, {"nearest", GridSampling::nearest}}) {
    for (const auto& [name, padding] : {std::pair{"zeros", GridPadding::zeros},
                                        {"border", GridPadding::border},
                                        {"reflection", GridPadding::reflection}}) {
      for (bool align : {false, true}) {
        const GridSampleOptions options{.mode = sampling, .padding = padding, .align_corners = align};
        const std::string what = std::string("grid_sample ") + mode + " " + name + " " + (align ? "1" : "0");
        if (sampling == GridSampling::bilinear) {
          expect_case(
              what, 2, [=](const Tensors& x) { return grid_sample(x[0], x[1], options); }, Second::by_differences);
        } else {
          expect_values(what, grid_sample(golden()(what + "/x0"), golden()(what + "/x1"), options));
        }
      }
    }
  }
  for (bool align : {false, true}) {
    expect_case(std::string("affine_grid ") + (align ? "1" : "0"), 1, [=](const Tensors& x) {
      return affine_grid(x[0], {2, 3, 4, 5}, align);
    });
  }
}

TEST(KernelValues, OfRunningSumsAndProductsAgreeWithPyTorch) {
  for (const std::string suffix : {"", " zeros"}) {
    expect_case("cumsum" + suffix, 1, [](const Tensors& x) { return cumsum(x[0], 1); });
    expect_case("cumprod" + suffix, 1, [](const Tensors& x) { return cumprod(x[0], 1); });
    expect_case("prod" + suffix, 1, [](const Tensors& x) { return prod(x[0], {1}); });
  }
  expect_case("prod all", 1, [](const Tensors& x) { return prod(x[0]); });
  expect_case(
      "prod all zeros", 1, [](const Tensors& x) { return prod(x[0]); }, Second::by_differences);
}

TEST(KernelValues, OfOrderAndWritingAgreeWithPyTorch) {
  expect_case("sort", 1, [](const Tensors& x) { return sort(x[0], 1).values; });
  expect_case("sort descending", 1, [](const Tensors& x) { return sort(x[0], 1, true).values; });
  expect_case("topk", 1, [](const Tensors& x) { return topk(x[0], 2, 1).values; });
  expect_case("topk smallest", 1, [](const Tensors& x) { return topk(x[0], 2, 1, false).values; });
  expect_case("max", 1, [](const Tensors& x) { return max_with_indices(x[0], 1).values; });
  expect_case("min", 1, [](const Tensors& x) { return min_with_indices(x[0], 1).values; });
  const auto write = [](const std::string& name, const Tensors& x) {
    const Tensor index = golden()(name + "/x1").to(DType::int64);
    return x.size() == 2 ? scatter(x[0], 1, index, x[1]) : scatter(x[0], 1, index, 0.25);
  };
  const Tensor x = watch(golden()("scatter/x0")), source = watch(golden()("scatter/x2"));
  const Tensor y = write("scatter", {x, source});
  expect_values("scatter", y);
  const Tensors d = gradients({x, source}, y, golden()("scatter/w"), false);
  expect_near(d[0], golden()("scatter/d0"), "gradient of x");
  expect_near(d[1], golden()("scatter/d1"), "gradient of the source");
  expect_case("scatter number", 1, [&](const Tensors& t) { return write("scatter number", t); });
}

TEST(KernelValues, OfRoundingAgreeWithPyTorch) {
  expect_values("floor", floor(golden()("floor/x0")));
  expect_values("ceil", ceil(golden()("ceil/x0")));
  expect_values("round", round(golden()("round/x0")));
  expect_values("trunc", trunc(golden()("trunc/x0")));
  expect_values("floor_divide", floor_divide(golden()("floor_divide/x0"), golden()("floor_divide/x1")));
  expect_case("remainder", 2, [](const Tensors& x) { return remainder(x[0], x[1]); });
  expect_case("fmod", 2, [](const Tensors& x) { return fmod(x[0], x[1]); });
}

TEST(KernelValues, OfElementaryFunctionsAgreeWithPyTorch) {
  const std::pair<const char*, Tensor (*)(const Tensor&)> functions[] = {
      {"tan", tan},   {"asin", asin}, {"acos", acos}, {"atan", atan},
      {"sinh", sinh}, {"cosh", cosh}, {"log2", log2}, {"log10", log10}};
  for (const auto& function : functions)
    expect_case(function.first, 1, [f = function.second](const Tensors& x) { return f(x[0]); });
}

TEST(KernelValues, OfIndexPutAgreeWithPyTorch) {
  const Tensor rows = Tensor::from<int64_t>({0, 1, 1, -2}), columns = Tensor::from<int64_t>({4, 0, 2, 3});
  expect_case("index_put", 2, [&](const Tensors& x) { return index_put(x[0], {rows, columns}, x[1]); });
  const Tensor first = Tensor::from<int64_t>({0, 0, 0, 0}), twice = Tensor::from<int64_t>({0, 0, 0, 1});
  expect_case("index_put accumulate", 2, [&](const Tensors& x) { return index_put(x[0], {first, twice}, x[1], true); });
}

TEST(KernelValues, OfOutputPaddingUpToTheDilationAgreeWithPyTorch) {
  expect_case("output padding", 3, [](const Tensors& x) {
    return conv_transpose2d(x[0], x[1], x[2],
                            {.stride = {1, 2}, .padding = {1, 0}, .output_padding = {2, 2}, .dilation = {3, 3}});
  });
}

}  // namespace
}  // namespace stet
