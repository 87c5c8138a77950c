// Other sizes of images, and images at other places.
#include <algorithm>
#include <cmath>
#include <optional>

#include "ops/case.h"

namespace stet::testing {
namespace {

using Line = std::vector<float>;

// The weight of each element of an axis in one of the result; none where it takes no part.
using Weights = std::vector<std::optional<double>>;

double cubic(double a, double d) {
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

int64_t floor_of(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

void add(Weights& w, int64_t at, double weight) {
  if (weight == 0) return;
  auto& to = w[static_cast<size_t>(std::clamp<int64_t>(at, 0, static_cast<int64_t>(w.size()) - 1))];
  to = to ? *to + weight : weight;
}

void divide_by_sum(Weights& w) {
  double sum = 0;
  for (const auto& one : w) sum += one.value_or(0);
  for (auto& one : w) {
    if (one) *one /= sum;
  }
}

Weights filtered(int64_t i, int64_t in, int64_t out, bool is_cubic) {
  Weights w(static_cast<size_t>(in));
  for (int64_t j = 0; j < in; ++j) {
    const double d = std::abs(static_cast<double>((2 * j + 1) * out - (2 * i + 1) * in)) /
                     static_cast<double>(2 * std::max(in, out));
    add(w, j, is_cubic ? cubic(-0.5, d) : std::max(0.0, 1 - d));
  }
  divide_by_sum(w);
  return w;
}

Weights weights_of(int64_t i, int64_t in, int64_t out, const InterpolateOptions& how) {
  Weights w(static_cast<size_t>(in));
  const bool is_cubic = how.mode == Interpolation::cubic;
  if (how.antialias) return filtered(i, in, out, is_cubic);
  if (how.mode == Interpolation::nearest) add(w, i * in / out, 1);
  if (how.mode == Interpolation::nearest_exact) add(w, (2 * i + 1) * in / (2 * out), 1);
  if (how.mode == Interpolation::area) {
    for (int64_t j = 0; j < in; ++j) add(w, j, (j + 1) * out > i * in && j * out < (i + 1) * in ? 1 : 0);
    divide_by_sum(w);
  }
  if (how.mode != Interpolation::linear && !is_cubic) return w;
  const int64_t top = how.align_corners ? i * (in - 1) : (2 * i + 1) * in - out,
                bottom = how.align_corners ? std::max<int64_t>(1, out - 1) : 2 * out;
  const int64_t whole = floor_of(top, bottom);
  const double part = static_cast<double>(top - whole * bottom) / static_cast<double>(bottom);
  if (is_cubic) {
    const double distances[] = {part + 1, part, 1 - part, 2 - part};
    for (int k = 0; k < 4; ++k) add(w, whole - 1 + k, cubic(-0.75, distances[k]));
  } else {
    add(w, whole, 1 - part), add(w, whole + 1, part);
  }
  return w;
}

std::vector<Weights> table(int64_t in, int64_t out, const InterpolateOptions& how) {
  std::vector<Weights> all;
  for (int64_t i = 0; i < out; ++i) all.push_back(weights_of(i, in, out, how));
  return all;
}

std::vector<Weights> transposed(const std::vector<Weights>& rows, int64_t in) {
  std::vector<Weights> all(static_cast<size_t>(in), Weights(rows.size()));
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < rows.size(); ++j) all[i][j] = rows[j][i];
  }
  return all;
}

// Products in ascending order, the first as it is.
Array<float> weighted(const Array<float>& x, int axis, const std::vector<Weights>& rows) {
  return reference::map_lines(x, axis, [&](const Line& line) {
    Line y;
    for (const Weights& w : rows) {
      std::optional<float> sum;
      for (size_t j = 0; j < w.size(); ++j) {
        if (!w[j]) continue;
        const float product = static_cast<float>(*w[j]) * line[j];
        sum = sum ? *sum + product : product;
      }
      y.push_back(sum.value_or(0.0f));
    }
    return y;
  });
}

using Size = int64_t (*)(int64_t);
int64_t larger(int64_t n) { return 2 * n + 1; }
int64_t smaller(int64_t n) { return (n + 2) / 3 + 1; }

// An axis that keeps its extent is left out where its elements would stay as they are.
bool is_kept(int64_t in, int64_t out) { return in == out; }

OpCase& row(Table& t, const std::string& name, const InterpolateOptions& how, Size size) {
  const auto op = [=](const Tensors& x) {
    InterpolateOptions options = how;
    for (int axis = 2; axis < x[0].rank(); ++axis) options.size.push_back(size(x[0].size(axis)));
    return interpolate(x[0], options);
  };
  const auto reference = [=](const Arrays& x) {
    Array<float> y = x[0];
    for (int axis = y.shape.rank() - 1; axis >= 2; --axis) {
      const int64_t in = x[0].shape[axis];
      if (!is_kept(in, size(in))) y = weighted(y, axis, table(in, size(in), how));
    }
    return y;
  };
  const auto gradient = [=](const Array<float>& g, const Arrays& x) {
    Array<float> dx = g;
    for (int axis = 2; axis < g.shape.rank(); ++axis) {
      const int64_t in = x[0].shape[axis];
      if (!is_kept(in, size(in))) dx = weighted(dx, axis, transposed(table(in, size(in), how), in));
    }
    return Arrays{dx};
  };
  const std::vector<Shapes> sizes = {{{2, 3, 5}},    {{1, 2, 33}},    {{2, 1, 200}},
                                     {{2, 1, 7, 5}}, {{1, 2, 1, 40}}, {{1, 1, 3, 4, 9}}};
  return t.add("interpolate." + name, op)
      .equals(reference, sizes)
      .gradient_equals(gradient, sizes)
      .smooth_at({{1, 2, 3, 4}})
      .edges_at({{{0, 2, 3, 3}}, {{2, 0, 4}}, {{1, 1, 1, 1}}})
      .digest({{{{2, 3, 9, 17}}}, {{{1, 5, 40}}, Numbers::wide}, {{{2, 2, 5, 3}}, Numbers::special, DType::float64}});
}

void add_interpolation(Table& t) {
  row(t, "nearest", {}, larger);
  row(t, "nearest_smaller", {}, smaller);
  row(t, "nearest_exact", {.mode = Interpolation::nearest_exact}, smaller);
  row(t, "linear", {.mode = Interpolation::linear}, larger);
  row(t, "linear_smaller", {.mode = Interpolation::linear}, smaller);
  row(t, "linear_aligned", {.mode = Interpolation::linear, .align_corners = true}, larger);
  row(t, "cubic", {.mode = Interpolation::cubic}, larger);
  row(t, "cubic_aligned", {.mode = Interpolation::cubic, .align_corners = true}, smaller);
  row(t, "area", {.mode = Interpolation::area}, smaller);
  row(t, "area_larger", {.mode = Interpolation::area}, larger);
  row(t, "linear_antialiased", {.mode = Interpolation::linear, .antialias = true}, smaller);
  row(t, "cubic_antialiased", {.mode = Interpolation::cubic, .antialias = true}, smaller);
  row(t, "linear_antialiased_larger", {.mode = Interpolation::linear, .antialias = true}, larger);
  t.add("interpolate.scale", [](auto& x) { return interpolate(x[0], {.scale = {2}}) * 0.5; }).smooth_at({{1, 2, 3, 2}});
}

OpCase& sampling_row(Table& t, const std::string& name, const GridSampleOptions& options) {
  return t.add("grid_sample" + name, [=](auto& x) { return grid_sample(x[0], x[1], options); })
      .smooth_at({{2, 2, 3, 4}, {2, 2, 3, 2}}, {{-2, 2}, {-1.7, 1.7}})
      .edges_at({{{0, 2, 3, 3}, {0, 2, 2, 2}}, {{2, 0, 3, 3}, {2, 2, 2, 2}}, {{1, 1, 1, 1}, {1, 0, 2, 2}}})
      .digest({{{{2, 3, 7, 5}, {2, 4, 6, 2}}},
               {{{1, 2, 9, 17}, {1, 20, 30, 2}}, Numbers::wide},
               {{{2, 2, 5, 3}, {2, 3, 3, 2}}, Numbers::special, DType::float64}},
              {1, 0.0002});
}

void add_sampling(Table& t) {
  constexpr auto kNearest = GridSampling::nearest;
  sampling_row(t, "", {});
  sampling_row(t, ".border_aligned", {.padding = GridPadding::border, .align_corners = true});
  sampling_row(t, ".reflection", {.padding = GridPadding::reflection});
  sampling_row(t, ".reflection_aligned", {.padding = GridPadding::reflection, .align_corners = true});
  sampling_row(t, ".nearest", {.mode = kNearest}).without_gradient();
  sampling_row(t, ".nearest_border", {.mode = kNearest, .padding = GridPadding::border}).without_gradient();
  for (bool align : {false, true}) {
    t.add(align ? "affine_grid.aligned" : "affine_grid",
          [=](auto& x) {
            return affine_grid(x[0], {x[0].size(0), 1, 3, 4}, align);
          })
        .smooth_at({{2, 2, 3}})
        .digest({{{{3, 2, 3}}}, {{{3, 2, 3}}, Numbers::wide, DType::float64}});
  }
}

}  // namespace

void add_resampling(Table& t) {
  add_interpolation(t);
  add_sampling(t);
}

}  // namespace stet::testing
