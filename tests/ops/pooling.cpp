// Pooling.
#include "ops/case.h"

namespace stet::testing {
namespace {

OpCase& pool_row(Table& t, const char* name, std::function<Tensor(const Tensor&)> op) {
  return t.add(name, [op = std::move(op)](auto& x) { return op(x[0]); })
      .digest(
          {{{{2, 3, 9, 11}}}, {{{3, 8, 24, 24}}, Numbers::wide}, {{{1, 2, 9, 8}}, Numbers::special, DType::float64}})
      .smooth_at({{1, 2, 4, 4}})
      .edges_at({{{0, 2, 4, 4}}, {{2, 0, 4, 4}}});
}

// Images in which some windows are cut, and some stand alone.
std::vector<Shapes> narrow() { return {{{0, 2, 4, 4}}, {{2, 0, 4, 4}}, {{1, 1, 1, 1}}, {{1, 1, 2, 1}}}; }

// A window at a time, by slices: what adaptive pooling is. The last window comes first, so that the first one's
// gradient is the first that a position gets.
Tensor by_windows(const Tensor& x, int64_t oh, int64_t ow, Tensor (*pooled)(const Tensor&)) {
  const int64_t h = x.size(2), w = x.size(3);
  Tensors rows(static_cast<size_t>(oh));
  for (int64_t t = oh - 1; t >= 0; --t) {
    Tensors row(static_cast<size_t>(ow));
    for (int64_t u = ow - 1; u >= 0; --u) {
      const Tensor down = x.slice(2, t * h / oh, ((t + 1) * h + oh - 1) / oh);
      row[static_cast<size_t>(u)] = pooled(down.slice(3, u * w / ow, ((u + 1) * w + ow - 1) / ow));
    }
    rows[static_cast<size_t>(t)] = concatenate(row, 3);
  }
  return concatenate(rows, 2);
}
Tensor whole_mean(const Tensor& x) { return avg_pool2d(x, {x.size(2), x.size(3)}); }
Tensor whole_max(const Tensor& x) { return max_pool2d(x, {x.size(2), x.size(3)}); }

void adaptive_row(Table& t, const char* name, Tensor (*op)(const Tensor&, std::pair<int64_t, int64_t>),
                  Tensor (*of_window)(const Tensor&)) {
  const std::string adaptive = name;
  pool_row(t, name,
           [=](auto& x) {
             return op(x, {3, 2});
           })
      .composed_as([=](auto& x) { return by_windows(x[0], 3, 2, of_window); },
                   {{{2, 3, 9, 11}}, {{1, 2, 3, 2}}, {{1, 1, 2, 1}}, {{2, 2, 40, 70}}})
      .edges_at(narrow());
  pool_row(t, (adaptive + ".dividing").c_str(), [=](auto& x) { return op(x, {x.size(2), 1}); });
}

}  // namespace

void add_pooling(Table& t) {
  const PoolOptions padding{.stride = {2, 1}, .padding = {1, 1}};
  pool_row(t, "max_pool2d", [](auto& x) { return max_pool2d(x, {2, 2}); });
  pool_row(t, "max_pool2d.padded", [=](auto& x) { return max_pool2d(x, {3, 2}, padding); }).edges_at(narrow());
  pool_row(t, "avg_pool2d", [](auto& x) { return avg_pool2d(x, {2, 2}); });
  pool_row(t, "avg_pool2d.padded", [=](auto& x) { return avg_pool2d(x, {3, 2}, padding); }).edges_at(narrow());
  const PoolOptions ceiling{.stride = {3, 2}, .padding = {1, 0}, .ceil_mode = true};
  const PoolOptions inside{.stride = {3, 2}, .padding = {1, 1}, .ceil_mode = true, .count_include_pad = false};
  pool_row(t, "max_pool2d.ceil", [=](auto& x) { return max_pool2d(x, {3, 3}, ceiling); });
  pool_row(t, "avg_pool2d.ceil", [=](auto& x) { return avg_pool2d(x, {3, 3}, ceiling); });
  pool_row(t, "avg_pool2d.inside", [=](auto& x) { return avg_pool2d(x, {3, 2}, inside); }).edges_at(narrow());
  adaptive_row(t, "adaptive_max_pool2d", adaptive_max_pool2d, whole_max);
  adaptive_row(t, "adaptive_avg_pool2d", adaptive_avg_pool2d, whole_mean);
}

}  // namespace stet::testing
