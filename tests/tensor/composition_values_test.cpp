// Composed ops against PyTorch's values, gradients and gradients' gradients (tests/golden/make_compositions.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "golden.h"
#include "non_finite.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

constexpr double kTolerance = 1e-12;  // of the largest; only the order of sums differs

using Tensors = std::vector<Tensor>;
using Cases = std::map<std::string, std::function<Tensor(const Tensors&)>>;

const Golden& golden() {
  static const Golden file("compositions.h5");
  return file;
}

void expect_near(const Tensor& got, const Tensor& want, const std::string& what) {
  ASSERT_EQ(got.shape(), want.shape()) << what;
  const auto a = got.to_vector<double>(), b = want.to_vector<double>();
  double most = 0;
  for (double v : b) most = std::max(most, std::abs(v));
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], kTolerance * most) << what << " " << i;
}

// The tensors of a case whose names are `kind` and a number.
Tensors all_of(const std::string& name, const char* kind, size_t count) {
  Tensors all;
  for (size_t i = 0; i < count; ++i) all.push_back(golden()(name + "/" + kind + std::to_string(i)));
  return all;
}

void check(const std::string& name, size_t inputs, bool second, const std::function<Tensor(const Tensors&)>& f) {
  SCOPED_TRACE(name);
  Tensors x;
  for (const Tensor& value : all_of(name, "x", inputs)) x.push_back(watch(value));
  const Tensor y = f(x);
  expect_near(y.detach(), golden()(name + "/y"), "y");
  const Gradients gradients = backward(sum(y * y * golden()(name + "/weight")), {.graph = true});
  Tensor again;
  for (size_t i = 0; i < inputs; ++i) {
    expect_near(gradients[x[i]].detach(), all_of(name, "g", inputs)[i], "gradient " + std::to_string(i));
    if (!second) continue;
    const Tensor part = sum(gradients[x[i]] * all_of(name, "v", inputs)[i]);
    again = again.defined() ? again + part : part;
  }
  if (!second) return;
  const Gradients twice = backward(again);
  for (size_t i = 0; i < inputs; ++i) {
    const Tensor got = twice[x[i]].defined() ? twice[x[i]] : zeros_like(x[i]);
    expect_near(got, all_of(name, "s", inputs)[i], "gradient's gradient " + std::to_string(i));
  }
}

void check_all(size_t inputs, const Cases& cases, bool second = true) {
  for (const auto& [name, f] : cases) check(name, inputs, second, f);
}

void check_one(const std::map<std::string, std::function<Tensor(const Tensor&)>>& cases, bool second = true) {
  for (const auto& [name, f] : cases) check(name, 1, second, [&f = f](const Tensors& x) { return f(x[0]); });
}

// In reverse order, each times its number.
template <class Parts> Tensor joined(const Parts& parts, int axis) {
  Tensors all;
  for (const Tensor& part : parts) all.push_back(part * (all.size() + 1));
  std::reverse(all.begin(), all.end());
  return concatenate(all, axis);
}

Tensor positions(std::vector<int64_t> values, const Shape& shape) { return Tensor::adopt(std::move(values), shape); }

TEST(CompositionValues, OfPartsAndRepetition) {
  check_one({
      {"split", [](auto& x) { return joined(split(x, 3, 1), 1); }},
      {"split_sizes",
       [](auto& x) {
         return joined(x.split({1, 3}, 1), 1);
       }},
      {"chunk", [](auto& x) { return joined(chunk(x, 3, 1), 1); }},
      {"unbind",
       [](auto& x) {
         const auto [a, b, c] = x.template unbind<3>(2);
         return stack({c, b, a});
       }},
      {"expand",
       [](auto& x) {
         return x.expand({3, 2, -1, 5});
       }},
      {"repeat",
       [](auto& x) {
         return x.repeat({2, 1, 3, 2});
       }},
      {"tile",
       [](auto& x) {
         return tile(x, {2, 3});
       }},
      {"repeat_interleave", [](auto& x) { return x.repeat_interleave(3, 1); }},
      {"repeat_interleave_flat", [](auto& x) { return x.repeat_interleave(2); }},
      {"repeat_interleave_counts",
       [](auto& x) {
         return repeat_interleave(x, positions({2, 0, 1, 3}, {4}), 1);
       }},
  });
  const auto grid = [](Indexing indexing) {
    return [indexing](const Tensors& x) {
      const auto [a, b] = meshgrid({x[0], x[1] * x[1]}, indexing);
      return a + b;
    };
  };
  check_all(2, {{"meshgrid_ij", grid(Indexing::ij)}, {"meshgrid_xy", grid(Indexing::xy)}});
}

TEST(CompositionValues, OfChoiceAndOrder) {
  check_one({
      {"masked_fill", [](auto& x) { return x.masked_fill(x[0] > 0.3, -3); }},
      {"masked_select", [](auto& x) { return masked_select(x, x > 0.3); }},
      {"where", [](auto& x) { return where(x > 0.3, x * x, 0.5); }},
      {"clamp_min", [](auto& x) { return x.clamp_min(-0.5); }},
      {"clamp_max", [](auto& x) { return x.clamp_max(0.25); }},
      {"tril", [](auto& x) { return x.tril(-1); }},
      {"triu", [](auto& x) { return x.triu(1); }},
      {"flip",
       [](auto& x) {
         return x.flip({1, -1});
       }},
      {"roll", [](auto& x) { return x.roll(1, 1); }},
      {"roll_axes",
       [](auto& x) {
         return roll(x, {-1, 5}, {1, 2});
       }},
      {"movedim",
       [](auto& x) {
         return x.movedim({2, 0}, {0, 1});
       }},
      {"swapaxes", [](auto& x) { return x.swapaxes(0, -1); }},
      {"diagonal", [](auto& x) { return x.diagonal(-1); }},
      {"diag", [](auto& x) { return matmul(diag(x, 2), diag(x, -2)); }},
      {"diag_of_matrix", [](auto& x) { return diag(x, 1); }},
  });
  check("clamp", 3, true, [](auto& x) { return clamp(x[0], x[1], x[2]); });
  check("outer", 2, true, [](auto& x) { return outer(x[0], x[1]); });
}

TEST(CompositionValues, OfImages) {
  const UnfoldOptions options{.stride = {2, 1}, .padding = {1, 1}, .dilation = {1, 2}};
  check_one({
      {"pad_reflect",
       [](auto& x) {
         return pad(x, {{3, 0}, {1, 2}}, Padding::reflect);
       }},
      {"pad_replicate",
       [](auto& x) {
         return pad(x, {{3, 7}, {1, 2}}, Padding::replicate);
       }},
      {"pad_circular",
       [](auto& x) {
         return pad(x, {{3, 0}, {5, 2}}, Padding::circular);
       }},
      {"unfold",
       [=](auto& x) {
         return unfold(x, {3, 2}, options);
       }},
      {"fold",
       [=](auto& x) {
         return fold(x, {4, 5}, {3, 2}, options);
       }},
      {"pixel_shuffle", [](auto& x) { return pixel_shuffle(x, 2); }},
      {"pixel_unshuffle", [](auto& x) { return pixel_unshuffle(x, 2); }},
  });
}

TEST(CompositionValues, OfEinsum) {
  check_all(2, {
                   {"einsum_batched", [](auto& x) { return einsum("bij,bjk->bik", x); }},
                   {"einsum_implied", [](auto& x) { return einsum("kj,ik", x); }},
                   {"einsum_ellipsis", [](auto& x) { return einsum("i...j,...jk->k...i", x); }},
                   {"einsum_broadcast", [](auto& x) { return einsum("...ij,...kj->...ik", x); }},
                   {"einsum_diagonal", [](auto& x) { return einsum("iji,jk->ik", x); }},
                   {"einsum_outer", [](auto& x) { return einsum("i,jk->kij", x); }},
                   {"einsum_alone", [](auto& x) { return einsum("ij,kl->l", x); }},
               });
  check("einsum_chain", 3, true, [](auto& x) { return einsum("ab,bc,acd->d", x); });
  check("einsum_sum", 1, true, [](auto& x) { return einsum("ijk->k", x); });
}

TEST(CompositionValues, OfIndices) {
  check_one({
      {"index_views",
       [](auto& x) {
         return x(ellipsis, new_axis, {1, to_end}, -1);
       }},
      {"index_rows",
       [](auto& x) {
         return x[positions({1, 0, -1, 1}, {2, 2})];
       }},
      {"index_pairs",
       [](auto& x) {
         return x(positions({0, 1, 1}, {3}), positions({-1, 2, 2}, {3}));
       }},
      {"index_apart",
       [](auto& x) {
         return x(positions({0, 1}, {2, 1}), {1, 3}, positions({2, 0, 1}, {3}));
       }},
      {"index_middle",
       [](auto& x) {
         return x({}, positions({3, 1, 0, 0}, {2, 2}));
       }},
      {"index_mask", [](auto& x) { return x[x(ellipsis, 0) > 0]; }},
      {"index_mask_axis",
       [](auto& x) {
         return x({}, Tensor::from(std::vector{true, false, true, true}, {4}), 1);
       }},
  });
}

TEST(CompositionValues, OfStatistics) {
  const std::pair<const char*, Axes> ways[] = {{"all", {}}, {"last", -1}, {"ends", {0, 2}}};
  for (const auto& [way, over] : ways) {
    const Axes axes = over;
    check_one({
        {std::string("var_") + way, [=](auto& x) { return x.var(axes); }},
        {std::string("std_") + way, [=](auto& x) { return x.std(axes, false, 0); }},
        {std::string("norm_") + way, [=](auto& x) { return x.norm(2, axes); }},
        {std::string("logsumexp_") + way, [=](auto& x) { return x.logsumexp(axes); }},
    });
  }
  check_one({
      {"norm_p_0.5", [](auto& x) { return norm(x, 0.5, 1); }},
      {"norm_p_1", [](auto& x) { return norm(x, 1, 1); }},
      {"norm_p_3", [](auto& x) { return norm(x, 3, 1); }},
      {"norm_p_inf", [](auto& x) { return norm(x, kInfinity, 1); }},
      {"norm_p_-inf", [](auto& x) { return norm(x, -kInfinity, 1); }},
      {"normalize", [](auto& x) { return normalize(x); }},
      {"normalize_p", [](auto& x) { return normalize(x, 3, -1); }},
      {"linspace", [](auto& x) { return x * linspace(-0.7, 1.1, 3, DType::float64); }},
      {"arange", [](auto& x) { return x * arange(-1, 0.9, 0.7, DType::float64); }},
  });
}

TEST(CompositionValues, GradientsAreZeroWhereADeviationOrANormIs) {
  check_one(
      {
          {"std_of_equals", [](auto& x) { return x.std(-1); }},
          {"norm_of_zeros", [](auto& x) { return x.norm(2, -1); }},
          {"norm_3_of_zeros", [](auto& x) { return x.norm(3, -1); }},
      },
      false);
}

}  // namespace
}  // namespace stet
