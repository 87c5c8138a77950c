// Matrix products on the GPU against the CPU's, bit for bit.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cuda/compare.h"
#include "stet/cuda/matmul.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/ops.h"
#include "tensor/product_reference.h"

namespace stet::testing {
namespace {

using cuda_kernels::ProductPlan, cuda_kernels::ProductTile;

constexpr ProductTile kTiles[] = {ProductTile::m128n128, ProductTile::m64n64, ProductTile::m32n32,
                                  ProductTile::m16n128};

// An operand: a tensor, and the view of it that is multiplied, made where the tensor is.
struct Viewed {
  Tensor tensor;
  std::function<Tensor(const Tensor&)> view = [](const Tensor& x) { return x; };

  Tensor on(Device d) const { return view(tensor.to(d)); }
};

Viewed plain(const Tensor& x) { return {x}; }
Viewed transposed(const Tensor& x) {
  return {x.transpose(), [](const Tensor& t) { return t.transpose(); }};
}

// x as a part of a larger tensor whose other elements are NaN: `before` elements, and each row longer by `after`.
Viewed amid_nan(const Tensor& x, int64_t before, int64_t after) {
  const int64_t rows = x.size(0), columns = x.size(1), row = columns + after;
  const std::vector<float> from = x.to_vector<float>();
  std::vector<float> all(static_cast<size_t>(before + rows * row + after), std::nanf(""));
  for (int64_t i = 0; i < rows * columns; ++i)
    all[static_cast<size_t>(before + i / columns * row + i % columns)] = from[static_cast<size_t>(i)];
  return {Tensor::from(all), [=](const Tensor& t) { return t.view({rows, columns}, {row, 1}, before); }};
}
Viewed turned(Viewed x) {
  return {x.tensor, [view = x.view](const Tensor& t) { return view(t).transpose(); }};
}

// matmul as the backend of `d` does it, or as the plan says.
Tensor product(Device d, const Viewed& a, const Viewed& b, const std::optional<ProductPlan>& plan = {}) {
  const Tensor x = a.on(d), z = b.on(d);
  if (!plan) return matmul(x, z);
  const Tensor y = Tensor::uninitialized({x.size(0), z.size(1)}, x.dtype(), d);
  cuda_kernels::matmul_by(plan, cuda::queue_of(d.index), x, z, y);
  return y;
}

void expect_product(const Viewed& a, const Viewed& b, const std::vector<std::optional<ProductPlan>>& plans = {{}}) {
  const Tensor want = product(Device{}, a, b);
  for (const auto& plan : plans) EXPECT_TRUE(same_tensor(product(device(), a, b, plan), want));
}

Tensor wide(const Shape& shape, uint32_t seed) {
  return Tensor::from(random_values<float>(shape.elements(), seed, Values::wide), shape);
}

TEST(Product, EveryLengthOfK) {
  in_orders([] {
    for (int64_t k : {0, 1, 15, 16, 17, 31, 32, 33, 511, 512, 513, 1023, 1024, 1025}) {
      SCOPED_TRACE(k);
      expect_product(plain(awkward({3, k}, 1)), plain(awkward({k, 5}, 2)));
      const std::vector<std::optional<ProductPlan>> plans = {
          {}, ProductPlan{.tile = ProductTile::m32n32}, ProductPlan{.tile = ProductTile::m32n32, .by_chunks = k > 0}};
      expect_product(plain(wide({3, k}, 1)), transposed(wide({k, 5}, 2)), plans);
    }
  });
}

TEST(Product, EveryPlan) {
  for (const ProductTile tile : kTiles) {
    const bool large = tile == ProductTile::m128n128;
    SCOPED_TRACE(static_cast<int>(tile));
    // Several tiles along both sides, the last of them almost empty; K of several chunks only where tiles are small.
    const int64_t m = large ? 130 : 66, n = large ? 129 : 131, k = large ? 20 : 1030;
    const Viewed a = plain(wide({m, k}, 1)), b = plain(wide({k, n}, 2));
    std::vector<std::optional<ProductPlan>> plans;
    for (const bool by_chunks : {false, true}) {
      for (const bool swapped : {false, true})
        plans.push_back(ProductPlan{.tile = tile, .by_chunks = by_chunks, .swapped = swapped});
      plans.push_back(ProductPlan{.tile = tile, .by_chunks = by_chunks, .most_blocks = 1, .most_terms = 512});
    }
    expect_product(a, b, plans);
  }
}

TEST(Product, LargeTileOfManyChunks) {
  const std::vector<std::optional<ProductPlan>> plans = {ProductPlan{}, ProductPlan{.by_chunks = true},
                                                         ProductPlan{.most_terms = 1024}};
  expect_product(plain(wide({3, 1550}, 1)), transposed(wide({1550, 2}, 2)), plans);
}

TEST(Product, SumsOfManyChunks) {  // more than are added in one go
  const std::vector<std::optional<ProductPlan>> plans = {ProductPlan{.tile = ProductTile::m16n128, .by_chunks = true}};
  expect_product(plain(wide({1, 20 * 512 + 1}, 1)), plain(wide({20 * 512 + 1, 2}, 2)), plans);
}

TEST(Product, EveryLayout) {
  for (const ProductTile tile : kTiles) {
    SCOPED_TRACE(static_cast<int>(tile));
    const int64_t m = 36, n = 40, k = 37;
    const Tensor x = awkward({m, k}, 1, false), z = awkward({k, n}, 2, false);
    // Rows and columns side by side, aligned to 16 bytes and not, and neither.
    const std::vector<Viewed> left = {plain(x), transposed(x), turned(amid_nan(x.transpose(), 0, 4)),
                                      turned(amid_nan(x.transpose(), 1, 4)), amid_nan(x, 3, 1)};
    const std::vector<Viewed> right = {plain(z), transposed(z), amid_nan(z, 4, 4), amid_nan(z, 4, 3),
                                       turned(amid_nan(z.transpose(), 1, 1))};
    for (const Viewed& a : left) {
      for (const Viewed& b : right) expect_product(a, b, {ProductPlan{.tile = tile}});
    }
  }
}

TEST(Product, NothingBesideAnOperandIsUsed) {  // K and the sides end within a copy of 16 bytes
  const Tensor x = awkward({33, 515}, 1), z = awkward({515, 18}, 2);
  const std::vector<std::optional<ProductPlan>> plans = {ProductPlan{.tile = ProductTile::m32n32},
                                                         ProductPlan{.tile = ProductTile::m32n32, .by_chunks = true}};
  expect_product(amid_nan(x, 0, 5), amid_nan(z, 0, 2), plans);
  expect_product(turned(amid_nan(x.transpose(), 0, 3)), turned(amid_nan(z.transpose(), 0, 1)), plans);
}

TEST(Product, AnInfinityIsNotMultipliedByWhatFillsAStage) {
  Tensor x = wide({2, 17}, 1), z = wide({17, 3}, 2);
  std::vector<float> v = x.to_vector<float>();
  v[16] = std::numeric_limits<float>::infinity();
  const Tensor want = matmul(Tensor::from(v, {2, 17}), z);
  ASSERT_FALSE(std::isnan(want.to_vector<float>()[0]));
  expect_product(plain(Tensor::from(v, {2, 17})), plain(z));
}

TEST(Product, IsNeverMinusZero) {  // though its chain is: the last of 16 terms, after which nothing fills a stage
  std::vector<float> x(16), z(16);
  x[15] = -1e-30f, z[15] = 1e-30f;
  const Viewed a = plain(Tensor::from(x, {1, 16})), b = plain(Tensor::from(z, {16, 1}));
  EXPECT_FALSE(std::signbit(product(Device{}, a, b).to_vector<float>()[0]));
  for (const ProductTile tile : kTiles)
    expect_product(a, b, {ProductPlan{.tile = tile}, ProductPlan{.tile = tile, .by_chunks = true}});
}

TEST(Product, StridesOfZeroAndTwo) {
  const Tensor x = awkward({6, 80}, 1, false);
  const auto every_second = [](const Tensor& t) { return t.view({6, 40}, {80, 2}, 1); };
  const auto one_row = [](const Tensor& t) { return t.view({6, 40}, {0, 1}, 3); };
  const auto one_column = [](const Tensor& t) { return t.view({6, 40}, {80, 0}, 3); };
  const auto one_number = [](const Tensor& t) { return t.view({6, 40}, {0, 0}, 3); };
  const std::vector<Viewed> views = {{x, every_second}, {x, one_row}, {x, one_column}, {x, one_number}};
  for (const Viewed& a : views) {
    for (const Viewed& b : views) expect_product(a, turned(b));
  }
}

TEST(Product, Batches) {
  in_orders([] {
    const auto check = [](const Shape& a, const Shape& b, auto view) {
      expect_same({awkward(a, 1), awkward(b, 2)}, [&](const Tensors& in) { return Tensors{view(in[0], in[1])}; });
      expect_same({awkward(a, 1, false), awkward(b, 2, false)},
                  [&](const Tensors& in) { return Tensors{view(in[0], in[1])}; });
    };
    const auto plainly = [](const Tensor& a, const Tensor& b) { return matmul(a, b); };
    check({5, 6, 33}, {5, 33, 7}, plainly);
    check({2, 1, 7, 65}, {3, 65, 9}, plainly);
    check({4, 6, 33}, {33, 7}, plainly);
    check({6, 33}, {4, 33, 7}, plainly);
    check({2, 3, 4, 8}, {2, 3, 8, 4}, [](const Tensor& a, const Tensor& b) {
      return matmul(a.permute({1, 0, 3, 2}), b.permute({1, 0, 3, 2}));
    });
    check({0, 6, 33}, {0, 33, 7}, plainly);
    check({3, 0, 33}, {3, 33, 7}, plainly);
    check({3, 6, 0}, {3, 0, 7}, plainly);
    // Operands of a batch that begin off the 16 bytes that their rows are multiples of.
    check({30}, {40}, [](const Tensor& a, const Tensor& b) {
      return matmul(a.view({2, 4, 3}, {13, 1, 4}, 0), b.view({2, 3, 8}, {13, 8, 1}, 0));
    });
  });
}

TEST(Product, Vectors) {
  expect_same({wide({600}, 1), wide({600}, 2)}, [](const Tensors& in) { return Tensors{matmul(in[0], in[1])}; });
  expect_same({wide({600}, 1), wide({600, 150}, 2)}, [](const Tensors& in) {
    return Tensors{matmul(in[0], in[1]), matmul(in[1].transpose(), in[0])};
  });
}

TEST(Product, Linear) {
  for (const bool specials : {false, true}) {
    const Tensor x = awkward({9, 530}, 1, specials), weight = awkward({21, 530}, 2, specials),
                 bias = awkward({21}, 3, specials);
    for (const auto activation : {Activation::none, Activation::relu}) {
      expect_same({x, weight, bias}, [&](const Tensors& in) {
        return Tensors{linear(in[0], in[1], in[2], activation), linear(in[0], in[1], {}, activation)};
      });
      for (const bool by_chunks : {false, true}) {
        for (const bool swapped : {false, true}) {
          const ProductPlan plan{
              .tile = ProductTile::m16n128, .by_chunks = by_chunks, .swapped = swapped, .most_terms = 512};
          const Tensor y = Tensor::uninitialized({9, 21}, DType::float32, device());
          cuda_kernels::linear_by(plan, cuda::queue_of(0), x.to(device()), weight.to(device()), bias.to(device()),
                                  activation, y);
          EXPECT_TRUE(same_tensor(y, linear(x, weight, bias, activation)));
        }
      }
    }
  }
}

TEST(Product, Float64) {
  in_orders([] {
    const auto of = [](const Shape& shape, uint32_t seed) {
      return Tensor::from(random_values<double>(shape.elements(), seed, Values::wide), shape);
    };
    for (int64_t k : {0, 1, 33, 512, 1025}) {
      const Tensor a = of({5, k}, 1), b = of({k, 6}, 2);
      const std::vector<std::optional<ProductPlan>> plans = {
          {}, ProductPlan{.by_chunks = k > 0}, ProductPlan{.swapped = true}};
      expect_product(plain(a), plain(b), plans);
      expect_product(transposed(a), transposed(b));
    }
    expect_product(plain(of({66, 20}, 1)), plain(of({20, 67}, 2)));
    expect_same({of({3, 70}, 1), of({5, 70}, 2), of({5}, 3)},
                [](const Tensors& in) { return Tensors{linear(in[0], in[1], in[2], Activation::relu)}; });
  });
}

TEST(Product, PlansFillAGpu) {
  using cuda_kernels::choose_plan;
  constexpr int kMultiprocessors = 132;
  const ProductPlan square = choose_plan(1, 4096, 4096, 4096, kMultiprocessors);
  EXPECT_EQ(square.tile, ProductTile::m128n128);
  EXPECT_FALSE(square.by_chunks);
  EXPECT_NE(choose_plan(1, 1024, 1024, 1024, kMultiprocessors).tile, ProductTile::m128n128);
  EXPECT_TRUE(choose_plan(1, 128, 784, 60000, kMultiprocessors).by_chunks);
  EXPECT_EQ(choose_plan(1, 1, 4096, 4096, kMultiprocessors).tile, ProductTile::m16n128);
  EXPECT_TRUE(choose_plan(1, 60000, 10, 512, kMultiprocessors).swapped);
}

}  // namespace
}  // namespace stet::testing
