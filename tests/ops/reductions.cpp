// Reductions.
#include <cmath>
#include <utility>

#include "ops/case.h"

namespace stet::testing {
namespace {

using Reduce = Tensor (*)(const Tensor&, const Axes&, bool);
using ReduceArray = Array<float> (*)(const Array<float>&, const Axes&);
using ReduceGradient = Array<float> (*)(const Array<float>& g, const Array<float>& x, const Axes&);

Array<float> negated(const Array<float>& x) {
  return reference::map(x, [](float v) { return -v; });
}

// Elements that an element of y, x's reduction, stands for.
float count(const Array<float>& x, const Array<float>& y) {
  return static_cast<float>(x.shape.elements() / std::max<int64_t>(1, y.shape.elements()));
}

Array<float> mean_of(const Array<float>& x, const Axes& axes) {
  const Array<float> total = reference::sum(x, axes);
  return reference::map(total, [n = count(x, total)](float s) { return s / n; });
}
// There is no extreme of nothing.
bool reduces_nothing(const Shape& shape, const Axes& axes) {
  for (int axis : normal_axes(shape, axes)) {
    if (shape[axis] == 0) return true;
  }
  return false;
}
Array<float> max_of(const Array<float>& x, const Axes& axes) {
  return reduces_nothing(x.shape, axes) ? x : reference::max(x, axes);
}
Array<float> min_of(const Array<float>& x, const Axes& axes) { return negated(max_of(negated(x), axes)); }

// `from` in every place of x that it was reduced from.
Array<float> spread(const Array<float>& from, const Array<float>& x) {
  return reference::zip<float>(from, x, [](float v, float) { return v; });
}
Array<float> sum_gradient(const Array<float>& g, const Array<float>& x, const Axes&) { return spread(g, x); }
Array<float> mean_gradient(const Array<float>& g, const Array<float>& x, const Axes&) {
  return spread(reference::map(g, [n = count(x, g)](float v) { return v / n; }), x);
}
Array<float> shares(const Array<float>& g, const Array<float>& x, const Array<float>& extreme, const Axes& axes) {
  const auto winner = reference::zip<float>(x, extreme, [](float v, float m) { return v == m ? 1.0f : 0.0f; });
  const auto share = reference::zip<float>(g, reference::sum(winner, axes), [](float v, float n) { return v / n; });
  return reference::zip<float>(share, winner, [](float s, float w) { return s * w; });
}
Array<float> max_gradient(const Array<float>& g, const Array<float>& x, const Axes& axes) {
  return shares(g, x, max_of(x, axes), axes);
}
Array<float> min_gradient(const Array<float>& g, const Array<float>& x, const Axes& axes) {
  return shares(g, x, min_of(x, axes), axes);
}

std::vector<Shapes> edges(const Axes& axes) {
  std::vector<Shapes> all = {{{2, 0, 3}}, {{0, 2, 0}}, {{1, 70, 1}}};
  const bool of_any_rank = axes.empty() || axes == Axes{0} || axes == Axes{-1};
  if (of_any_rank) all.insert(all.end(), {{{0}}, {{1}}, {{0, 3}}, {{3, 0}}, {{1, 1}}});
  return all;
}

// An extreme of nothing is left out.
OpCase& row(Table& t, const std::string& name, const Axes& axes, Reduce op, ReduceArray f, ReduceGradient gradient) {
  const bool of_nothing = op == static_cast<Reduce>(sum) || op == static_cast<Reduce>(mean);
  const auto reduced = [=](const Tensors& x) {
    return of_nothing || !reduces_nothing(x[0].shape(), axes) ? op(x[0], axes, true) : x[0];
  };
  return t.add(name, reduced)
      .of({name.substr(0, name.find('_'))})
      .equals([=](auto& x) { return f(x[0], axes); }, three_axes())
      .gradient_equals([=](auto& g, auto& x) { return Arrays{gradient(g, x[0], axes)}; },
                       {{{3, 5, 33}}, {{2, 130, 7}}, {{4, 1, 1025}}})
      .smooth_at({{2, 3, 4}})
      .edges_at(edges(axes))
      .digest(three_axes_digest());
}

// The index along an axis of the first element that `beats` none before it, or of the first NaN.
Array<float> arg_extreme(const Array<float>& x, int axis, bool (*beats)(float, float)) {
  if (reduces_nothing(x.shape, {axis})) return x;
  const int at = axis < 0 ? axis + x.shape.rank() : axis;
  Array<float> y = reference::fold_run(x, at, at + 1, [&](const std::vector<float>& line) {
    size_t best = 0;
    for (size_t i = 0; i < line.size() && !std::isnan(line[best]); ++i) {
      if (std::isnan(line[i]) || beats(line[i], line[best])) best = i;
    }
    return static_cast<float>(best);
  });
  std::vector<int64_t> dims = y.shape.dims();
  dims.erase(dims.begin() + at);
  y.shape = Shape(dims);
  return y;
}

void add_arg_extremes(Table& t, const std::string& along, int axis) {
  const auto row = [&](const std::string& op, Tensor (*f)(const Tensor&, int, bool), bool (*beats)(float, float)) {
    t.add(op + along, [=](auto& x) { return reduces_nothing(x[0].shape(), {axis}) ? x[0] : f(x[0], axis, false); })
        .of({op})
        .equals([=](auto& x) { return arg_extreme(x[0], axis, beats); }, three_axes())
        .edges_at(edges({axis}))
        .digest(three_axes_digest())
        .without_gradient();
  };
  row("argmax", argmax, [](float a, float b) { return a > b; });
  row("argmin", argmin, [](float a, float b) { return a < b; });
}

}  // namespace

void add_reductions(Table& t) {
  const std::pair<const char*, Axes> ways[] = {
      {"_all", {}}, {"_last", {-1}}, {"_first", {0}}, {"_ends", {0, 2}}, {"_first_two", {0, 1}}};
  for (const auto& [way, axes] : ways) {
    row(t, std::string("sum") + way, axes, sum, reference::sum<float>, sum_gradient);
    row(t, std::string("mean") + way, axes, mean, mean_of, mean_gradient);
    row(t, std::string("max") + way, axes, max, max_of, max_gradient);
    row(t, std::string("min") + way, axes, min, min_of, min_gradient).equal_at(few_sizes());
  }
  row(t, "sum_middle", {1}, sum, reference::sum<float>, sum_gradient).undigested();
  row(t, "mean_middle", {1}, mean, mean_of, mean_gradient).undigested();
  row(t, "max_middle", {1}, max, max_of, max_gradient).undigested();
  t.add("sum.times", [](auto& x) { return x[0] * sum(x[0], {1}, true); }).smooth_at({{2, 3, 4}});
  t.add("sum_of_millions", [](auto& x) { return sum(x[0]); })
      .of({"sum"})
      .digest({{{{1100, 1030}}, Numbers::wide}})
      .smooth_at({{2, 3}});
  add_arg_extremes(t, "_along_0", 0);
  add_arg_extremes(t, "_along_2", -1);
}

}  // namespace stet::testing
