// The numerics contract as plain loops, one element after another: what every kernel is held to, bit for bit.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "stet/tensor/contract.h"
#include "stet/tensor/tensor.h"

namespace stet::reference {

/// A row-major array.
template <class T> struct Array {
  Shape shape;
  std::vector<T> values;
};

template <class T> Array<T> array(const Tensor& t) { return {t.shape(), t.to_vector<T>()}; }

/// Row-major position in `from` of the element that stands at row-major position `flat` of `to`, under broadcasting.
inline int64_t source_position(const Shape& from, const Shape& to, int64_t flat) {
  int64_t at = 0, step = 1;
  for (int i = 1; i <= to.rank(); ++i) {
    const int64_t coordinate = flat % to[-i];
    flat /= to[-i];
    if (i > from.rank()) continue;
    if (from[-i] != 1) at += coordinate * step;
    step *= from[-i];
  }
  return at;
}

template <class Y, class T, class F> Array<Y> zip(const Array<T>& a, const Array<T>& b, F f) {
  Array<Y> y{broadcast_shape("zip", a.shape, b.shape), {}};
  for (int64_t i = 0; i < y.shape.elements(); ++i) {
    y.values.push_back(f(a.values[static_cast<size_t>(source_position(a.shape, y.shape, i))],
                         b.values[static_cast<size_t>(source_position(b.shape, y.shape, i))]));
  }
  return y;
}

template <class T, class F> Array<T> map(const Array<T>& x, F f) {
  Array<T> y = x;
  for (T& v : y.values) v = f(v);
  return y;
}

/// IEEE 754-2019 maximum and minimum.
template <class T> T maximum(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
template <class T> T minimum(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  if (a == 0 && b == 0) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

inline constexpr size_t kSumBlock = contract::kSumBlock, kSumLanes = contract::kSumLanes,
                        kSumChain = contract::kSumChain;

/// Sum of a run that holds the last axis: blocks, element i of a block in lane i mod kSumLanes, lanes halved; block
/// sums alike.
template <class T> T lane_sum(std::vector<T> x) {
  do {
    std::vector<T> sums;
    for (size_t block = 0; block == 0 || block < x.size(); block += kSumBlock) {
      T lane[kSumLanes] = {};
      for (size_t i = block; i < std::min(x.size(), block + kSumBlock); ++i)
        lane[i % kSumLanes] = lane[i % kSumLanes] + x[i];
      for (size_t half = kSumLanes / 2; half >= 1; half /= 2) {
        for (size_t j = 0; j < half; ++j) lane[j] = lane[j] + lane[j + half];
      }
      sums.push_back(lane[0]);
    }
    x = sums;
  } while (x.size() > 1);
  return x[0];
}

/// Sum of any other run: chains from +0; chain sums alike.
template <class T> T chain_sum(std::vector<T> x) {
  do {
    std::vector<T> sums;
    for (size_t chain = 0; chain == 0 || chain < x.size(); chain += kSumChain) {
      T sum = 0;
      for (size_t i = chain; i < std::min(x.size(), chain + kSumChain); ++i) sum = sum + x[i];
      sums.push_back(sum);
    }
    x = sums;
  } while (x.size() > 1);
  return x[0];
}

/// Each line along an axis, from those of g and x, which have one shape. f(line of g, line of x) may have any length.
template <class T, class F> Array<T> zip_lines(const Array<T>& g, const Array<T>& x, int axis, F f) {
  const int at = x.shape.normal_axis(axis);
  int64_t outer = 1, inner = 1, m = 0;
  const int64_t n = x.shape[at];
  for (int i = 0; i < x.shape.rank(); ++i) (i < at ? outer : i > at ? inner : m) *= x.shape[i];
  std::vector<std::vector<T>> lines;
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      std::vector<T> of_g, of_x;
      for (int64_t k = 0; k < n; ++k) {
        const auto from = static_cast<size_t>((o * n + k) * inner + i);
        of_g.push_back(g.values[from]), of_x.push_back(x.values[from]);
      }
      lines.push_back(f(of_g, of_x));
    }
  }
  m = lines.empty() ? n : static_cast<int64_t>(lines[0].size());
  std::vector<int64_t> dims = x.shape.dims();
  dims[static_cast<size_t>(at)] = m;
  Array<T> y{Shape(dims), {}};
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t k = 0; k < m; ++k) {
      for (int64_t i = 0; i < inner; ++i)
        y.values.push_back(lines[static_cast<size_t>(o * inner + i)][static_cast<size_t>(k)]);
    }
  }
  return y;
}

/// The same from x alone.
template <class T, class F> Array<T> map_lines(const Array<T>& x, int axis, F f) {
  return zip_lines(x, x, axis, [&](const std::vector<T>&, const std::vector<T>& line) { return f(line); });
}

/// Folds axes begin … end-1, which lie side by side, into extent 1.
template <class T, class Fold> Array<T> fold_run(const Array<T>& x, int begin, int end, Fold fold) {
  int64_t outer = 1, n = 1, inner = 1;
  for (int i = 0; i < x.shape.rank(); ++i) (i < begin ? outer : i < end ? n : inner) *= x.shape[i];
  std::vector<int64_t> dims = x.shape.dims();
  for (int i = begin; i < end; ++i) dims[static_cast<size_t>(i)] = 1;
  Array<T> y{Shape(dims), {}};
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      std::vector<T> line;
      for (int64_t k = 0; k < n; ++k) line.push_back(x.values[static_cast<size_t>((o * n + k) * inner + i)]);
      y.values.push_back(fold(std::move(line)));
    }
  }
  return y;
}

/// Folds runs of adjacent axes, the last run first. `fold(line, holds_last_axis)`. Reduced axes keep extent 1.
template <class T, class Fold> Array<T> fold(Array<T> x, const Axes& axes, Fold f) {
  const std::vector<int> sorted = normal_axes(x.shape, axes);
  for (size_t end = sorted.size(); end > 0;) {
    size_t begin = end - 1;
    while (begin > 0 && sorted[begin - 1] == sorted[begin] - 1) --begin;
    const bool last = sorted[end - 1] == x.shape.rank() - 1;
    x = fold_run(x, sorted[begin], sorted[end - 1] + 1, [&](std::vector<T> line) { return f(std::move(line), last); });
    end = begin;
  }
  return x;
}

template <class T> Array<T> sum(const Array<T>& x, const Axes& axes) {
  return fold(x, axes, [](std::vector<T> line, bool last) {
    return last ? lane_sum(std::move(line)) : chain_sum(std::move(line));
  });
}

template <class T> Array<T> max(const Array<T>& x, const Axes& axes) {
  return fold(x, axes, [](const std::vector<T>& line, bool) {
    T best = -std::numeric_limits<T>::infinity();
    for (T v : line) best = maximum(best, v);
    return best;
  });
}

}  // namespace stet::reference
