// Ops that find positions: order, extremes, writing at indices.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/case.h"

namespace stet::testing {
namespace {

// As floating numbers, which references are.
Tensor positions_of_positive(const Tensors& x) { return nonzero(x[0] > 0).to(x[0].dtype()); }
Array<float> positions_one_by_one(const Arrays& x) {
  const Shape& shape = x[0].shape;
  Array<float> y;
  int64_t count = 0;
  for (int64_t i = 0; i < shape.elements(); ++i) {
    if (!(x[0].values[static_cast<size_t>(i)] > 0)) continue;
    int64_t below = shape.elements();
    for (int axis = 0; axis < shape.rank(); ++axis) {
      below /= shape[axis];
      y.values.push_back(static_cast<float>(i / below % shape[axis]));
    }
    ++count;
  }
  y.shape = Shape{count, shape.rank()};
  return y;
}

using Line = std::vector<float>;

bool is_before(float a, float b, bool descending) {
  const bool less = std::isnan(b) ? !std::isnan(a) : a < b, greater = std::isnan(a) ? !std::isnan(b) : a > b;
  return descending ? greater : less;
}
std::vector<size_t> order(const Line& x, bool descending, size_t k) {
  std::vector<size_t> index(x.size());
  std::iota(index.begin(), index.end(), size_t{0});
  std::stable_sort(index.begin(), index.end(), [&](size_t a, size_t b) { return is_before(x[a], x[b], descending); });
  index.resize(std::min(k, x.size()));
  return index;
}
std::vector<size_t> all(const Line& x) { return order(x, false, x.size()); }
std::vector<size_t> all_descending(const Line& x) { return order(x, true, x.size()); }
std::vector<size_t> largest_three(const Line& x) { return order(x, true, 3); }
std::vector<size_t> smallest_three(const Line& x) { return order(x, false, 3); }
std::vector<size_t> largest(const Line& x) {
  size_t best = 0;
  for (size_t i = 0; i < x.size() && !std::isnan(x[best]); ++i) {
    if (std::isnan(x[i]) || x[i] > x[best]) best = i;
  }
  return {best};
}
std::vector<size_t> smallest(const Line& x) {
  size_t best = 0;
  for (size_t i = 0; i < x.size() && !std::isnan(x[best]); ++i) {
    if (std::isnan(x[i]) || x[i] < x[best]) best = i;
  }
  return {best};
}

// An op that chooses elements along an axis, by indices that `choose` gives.
OpCase& choice(Table& t, const char* name, int axis, std::function<Tensor(const Tensor&)> op,
               std::vector<size_t> (*choose)(const Line&)) {
  const auto chosen = [choose](const Line& x) {
    Line y;
    for (size_t i : choose(x)) y.push_back(x[i]);
    return y;
  };
  const auto gradient = [choose](auto& g, auto& x, int axis) {
    // g has fewer elements than x.
    const int64_t n = x.shape[axis];
    Array<float> stretched = reference::map_lines(g, axis, [n](Line line) {
      line.resize(static_cast<size_t>(n));
      return line;
    });
    return reference::zip_lines(stretched, x, axis, [choose](const Line& of_g, const Line& of_x) {
      Line dx(of_x.size(), 0.0f);
      size_t k = 0;
      for (size_t i : choose(of_x)) dx[i] = 0.0f + of_g[k++];
      return dx;
    });
  };
  return t.add(name, [op = std::move(op)](auto& x) { return op(x[0]); })
      .equals([=](auto& x) { return reference::map_lines(x[0], axis, chosen); },
              {{{2, 3, 31}}, {{5, 63, 4}}, {{2, 1, 1025}}, {{3, 1, 3000}}, {{4097, 1, 3}}, {{3, 2100, 2}}})
      .gradient_equals([=](auto& g, auto& x) { return Arrays{gradient(g, x[0], axis)}; },
                       {{{3, 5, 33}}, {{2, 130, 7}}, {{4, 1, 1025}}})
      .smooth_at({{2, 5, 4}})
      .digest(three_axes_digest());
}

Tensor indices_of_all(const Tensors& all_x) {
  const Tensor& x = all_x[0];
  const Tensor up = sort(x, 1).indices, down = argsort(x, 1, true), best = max_with_indices(x, 1).indices;
  return concatenate({up, argsort(x, 1), down, topk(x, std::min<int64_t>(2, x.size(1)), 1).indices, best.unsqueeze(1),
                      min_with_indices(x, 1, true).indices},
                     1)
      .to(x.dtype());
}
Array<float> indices_one_by_one(const Arrays& x) {
  return reference::map_lines(x[0], 1, [](const Line& line) {
    Line y;
    for (const auto& part :
         {all(line), all(line), all_descending(line), order(line, true, 2), largest(line), smallest(line)}) {
      for (size_t i : part) y.push_back(static_cast<float>(i));
    }
    return y;
  });
}

void add_order(Table& t) {
  choice(
      t, "sort", -1, [](auto& x) { return sort(x).values; }, all)
      .edges_at({{{2, 0}}, {{0, 3}}, {{1}}, {{3, 1}}});
  choice(
      t, "sort.descending", 1, [](auto& x) { return sort(x, 1, true).values; }, all_descending);
  choice(
      t, "topk", -1, [](auto& x) { return topk(x, std::min<int64_t>(3, x.size(-1))).values; }, largest_three);
  choice(
      t, "topk.smallest", 0, [](auto& x) { return topk(x, std::min<int64_t>(3, x.size(0)), 0, false).values; },
      smallest_three);
  choice(
      t, "max_with_indices", 1, [](auto& x) { return max_with_indices(x, 1, true).values; }, largest);
  choice(
      t, "min_with_indices", -1, [](auto& x) { return min_with_indices(x, -1, true).values; }, smallest);
  t.add("argsort", indices_of_all)
      .of({"argsort", "sort", "topk", "max_with_indices", "min_with_indices"})
      .equals(indices_one_by_one, {{{2, 3, 31}}, {{5, 63, 4}}, {{2, 1025, 3}}})
      .digest({{{{3, 67, 9}}}, {{{3, 67, 9}}, Numbers::special, DType::float64}})
      .without_gradient();
}

Tensor written(const Tensors& x) {
  const Tensor index = drawn_indices(x[1].shape(), 3, x[0].size(1)).to(x[0].device());
  return scatter(x[0], 1, index, x[1]);
}
// Each place's last writer, or -1.
std::vector<int64_t> last_writers(const Shape& to, const Shape& from) {
  const auto index = drawn_indices(from, 3, to[1]).to_vector<int64_t>();
  std::vector<int64_t> last(static_cast<size_t>(to.elements()), -1);
  for (int64_t e = 0; e < from.elements(); ++e) {
    const int64_t o = e / (from[1] * from[2]), i = e % from[2];
    last[static_cast<size_t>((o * to[1] + index[static_cast<size_t>(e)]) * to[2] + i)] = e;
  }
  return last;
}
Array<float> written_one_by_one(const Arrays& x) {
  Array<float> y = x[0];
  const auto last = last_writers(x[0].shape, x[1].shape);
  for (size_t i = 0; i < last.size(); ++i) {
    if (last[i] >= 0) y.values[i] = x[1].values[static_cast<size_t>(last[i])];
  }
  return y;
}
Arrays written_gradient(const Array<float>& g, const Arrays& x) {
  Arrays all = {g, {x[1].shape, Line(x[1].values.size(), 0.0f)}};
  const auto last = last_writers(x[0].shape, x[1].shape);
  for (size_t i = 0; i < last.size(); ++i) {
    if (last[i] < 0) continue;
    all[0].values[i] = 0.0f;
    all[1].values[static_cast<size_t>(last[i])] = 0.0f + g.values[i];
  }
  return all;
}

// Rows of x[1] [m, C] at drawn places along x[0]'s [A, N, C] second axis.
Tensor places_of(const Tensors& x) { return drawn_indices({x[1].size(0)}, 3, x[0].size(1)).to(x[0].device()); }
Tensor put(const Tensors& x) { return index_put(x[0], {{}, places_of(x)}, x[1]); }
Tensor put_more(const Tensors& x) { return index_put(x[0], {{}, places_of(x)}, x[1], true); }

// Calls f(element of x, element of the values) for all that are written, in order.
void for_each_put(const Arrays& x, const std::function<void(size_t, size_t)>& f) {
  const Shape &to = x[0].shape, &from = x[1].shape;
  const auto index = drawn_indices({from[0]}, 3, to[1]).to_vector<int64_t>();
  for (int64_t a = 0; a < to[0]; ++a) {
    for (int64_t i = 0; i < from[0] * from[1]; ++i) {
      const int64_t row = a * to[1] + index[static_cast<size_t>(i / from[1])];
      f(static_cast<size_t>(row * to[2] + i % from[1]), static_cast<size_t>(i));
    }
  }
}
Array<float> put_one_by_one(const Arrays& x) {
  Array<float> y = x[0];
  for_each_put(x, [&](size_t to, size_t from) { y.values[to] = x[1].values[from]; });
  return y;
}
Array<float> put_more_one_by_one(const Arrays& x) {
  Array<float> added{x[0].shape, Line(x[0].values.size(), 0.0f)};
  for_each_put(x, [&](size_t to, size_t from) { added.values[to] += x[1].values[from]; });
  for (size_t i = 0; i < added.values.size(); ++i) added.values[i] = x[0].values[i] + added.values[i];
  return added;
}
// The values' gradients [A, m, C] summed over the first axis, along which they are stretched.
Line summed(const std::vector<Line>& rows, size_t n) {
  Line total(n, 0.0f);
  for (size_t i = 0; i < n; ++i) {
    for (const Line& row : rows) total[i] += row[i];  // a chain of at most 64
  }
  return total;
}
Arrays put_gradients(const Array<float>& g, const Arrays& x, bool accumulate) {
  const size_t n = x[1].values.size();
  std::vector<Line> rows(static_cast<size_t>(x[0].shape[0]), Line(n, 0.0f));
  std::vector<std::pair<size_t, size_t>> last(x[0].values.size(), {n, 0});
  Array<float> dx = g;
  size_t calls = 0;
  for_each_put(x, [&](size_t to, size_t from) {
    const size_t row = calls++ / n;
    if (accumulate) rows[row][from] = g.values[to];
    else dx.values[to] = 0.0f, last[to] = {from, row};
  });
  for (size_t to = 0; to < last.size(); ++to) {
    if (last[to].first < n) rows[last[to].second][last[to].first] = 0.0f + g.values[to];
  }
  return {dx, {x[1].shape, summed(rows, n)}};
}
Arrays put_gradient(const Array<float>& g, const Arrays& x) { return put_gradients(g, x, false); }
Arrays put_more_gradient(const Array<float>& g, const Arrays& x) { return put_gradients(g, x, true); }

void add_writing(Table& t) {
  const std::vector<Shapes> put_sizes = {{{3, 5, 33}, {9, 33}}, {{2, 70, 4}, {20, 4}}, {{1, 1, 1}, {3, 1}}};
  const std::vector<Shapes> sizes = {{{3, 5, 33}, {3, 9, 33}}, {{2, 70, 4}, {2, 20, 4}}, {{1, 1, 1}, {1, 3, 1}}};
  t.add("scatter", written)
      .equals(written_one_by_one, sizes)
      .gradient_equals(written_gradient, sizes)
      .smooth_at({{2, 3, 2}, {2, 4, 2}})
      .edges_at({{{2, 3, 2}, {2, 0, 2}}, {{0, 3, 2}, {0, 1, 2}}})
      .digest({{{{3, 67, 9}, {3, 40, 9}}}, {{{3, 7, 9}, {3, 40, 9}}, Numbers::special, DType::float64}});
  t.add("index_put", put)
      .equals(put_one_by_one, put_sizes)
      .gradient_equals(put_gradient, put_sizes)
      .smooth_at({{2, 3, 2}, {4, 2}})
      .edges_at({{{2, 3, 2}, {0, 2}}, {{0, 3, 2}, {1, 2}}})
      .digest({{{{3, 67, 9}, {40, 9}}}, {{{3, 7, 9}, {40, 9}}, Numbers::special, DType::float64}});
  t.add("index_put.accumulate", put_more)
      .equals(put_more_one_by_one, put_sizes)
      .gradient_equals(put_more_gradient, put_sizes)
      .smooth_at({{2, 3, 2}, {4, 2}})
      .digest({{{{3, 67, 9}, {40, 9}}, Numbers::wide}, {{{3, 7, 9}, {40, 9}}, Numbers::special, DType::float64}});
  t.add("index_put.number",
        [](auto& x) {
          return index_put(x[0], {{}, x[0](0) > 0.5}, 0.3) * x[0];
        })
      .composed_as(
          [](auto& x) {
            return where((x[0](0) > 0.5).unsqueeze(0), full({}, 0.3, x[0].dtype(), x[0].device()), x[0]) * x[0];
          },
          {{{4, 3}}, {{2, 65}}});
  t.add("scatter.number", [](auto& x) {
     return scatter(x[0], 0, drawn_indices({2, 3}, 1, 4).to(x[0].device()), 0.3) * x[0];
   }).smooth_at({{4, 3}});
}

}  // namespace

void add_positions(Table& t) {
  t.add("nonzero", positions_of_positive)
      .equals(positions_one_by_one, few_sizes())
      .edges_at({{{}}, {{0}}, {{1}}, {{3, 0, 2}}})
      .digest(three_axes_digest())
      .without_gradient();
  add_order(t);
  add_writing(t);
}

}  // namespace stet::testing
