#include "stet/tensor/ops/taps.h"

#include <algorithm>
#include <cmath>

namespace stet {
namespace {

int64_t floor_quotient(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Keys' cubic of a distance of up to 1, and of 1 to 2.
double near_cubic(double a, double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; }
double far_cubic(double a, double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; }

constexpr double kCubic = -0.75, kAntialiasedCubic = -0.5;

class Builder {
 public:
  explicit Builder(int64_t in) : in_(in) {}

  // Outside x stands its nearest element. Neighbours come in ascending order, and those that are one element are one
  // tap.
  void add(int64_t source, double weight) {
    if (weight == 0) return;
    source = std::clamp<int64_t>(source, 0, in_ - 1);
    if (static_cast<int64_t>(table_.sources.size()) > table_.starts.back() && table_.sources.back() == source) {
      table_.weights.back() += weight;
    } else {
      table_.sources.push_back(source);
      table_.weights.push_back(weight);
    }
  }
  void end_row() { table_.starts.push_back(static_cast<int64_t>(table_.sources.size())); }
  // Divides the row's weights by their sum.
  void end_row_of_share() {
    const auto begin = table_.weights.begin() + table_.starts.back();
    double sum = 0;
    for (auto w = begin; w != table_.weights.end(); ++w) sum += *w;
    for (auto w = begin; w != table_.weights.end(); ++w) *w /= sum;
    end_row();
  }
  TapTable take() { return std::move(table_); }

 private:
  int64_t in_;
  TapTable table_;
};

// The coordinate numerator / denominator: `whole` elements and rest / denominator.
struct Coordinate {
  int64_t whole;
  double rest;
};

Coordinate coordinate(int64_t i, int64_t in, int64_t out, bool align_corners) {
  const int64_t numerator = align_corners ? i * (in - 1) : (2 * i + 1) * in - out;
  const int64_t denominator = align_corners ? std::max<int64_t>(1, out - 1) : 2 * out;
  const int64_t whole = floor_quotient(numerator, denominator);
  return {whole, static_cast<double>(numerator - whole * denominator) / static_cast<double>(denominator)};
}

void add_linear(Builder& b, const Coordinate& at) {
  b.add(at.whole, 1 - at.rest);
  b.add(at.whole + 1, at.rest);
}

void add_cubic(Builder& b, const Coordinate& at) {
  b.add(at.whole - 1, far_cubic(kCubic, at.rest + 1));
  b.add(at.whole, near_cubic(kCubic, at.rest));
  b.add(at.whole + 1, near_cubic(kCubic, 1 - at.rest));
  b.add(at.whole + 2, far_cubic(kCubic, 2 - at.rest));
}

// The filter, as wide as what an element of the result covers, about the middle of element i.
void add_filtered(Builder& b, int64_t i, int64_t in, int64_t out, bool is_cubic) {
  const int64_t unit = 2 * std::max(in, out), centre = (2 * i + 1) * in, reach = is_cubic ? 2 * unit : unit;
  const int64_t first = std::max<int64_t>(0, floor_quotient(centre - reach - out, 2 * out));
  for (int64_t j = first; j < in && (2 * j + 1) * out - centre < reach; ++j) {
    const int64_t distance = std::abs((2 * j + 1) * out - centre);
    if (distance >= reach) continue;
    const double d = static_cast<double>(distance) / static_cast<double>(unit);
    b.add(j, !is_cubic ? 1 - d : distance < unit ? near_cubic(kAntialiasedCubic, d) : far_cubic(kAntialiasedCubic, d));
  }
}

}  // namespace

TapTable interpolation_taps(int64_t in, int64_t out, const InterpolateOptions& how) {
  Builder b(in);
  for (int64_t i = 0; i < out; ++i) {
    switch (how.mode) {
      case Interpolation::nearest: b.add(i * in / out, 1); break;
      case Interpolation::nearest_exact: b.add((2 * i + 1) * in / (2 * out), 1); break;
      case Interpolation::area:
        for (int64_t j = i * in / out; j * out < (i + 1) * in; ++j) b.add(j, 1);
        b.end_row_of_share();
        continue;
      default:
        const bool is_cubic = how.mode == Interpolation::cubic;
        if (how.antialias) {
          add_filtered(b, i, in, out, is_cubic);
          b.end_row_of_share();
          continue;
        }
        (is_cubic ? add_cubic : add_linear)(b, coordinate(i, in, out, how.align_corners));
    }
    b.end_row();
  }
  return b.take();
}

bool TapTable::is_identity(int64_t n) const {
  if (rows() != n || static_cast<int64_t>(sources.size()) != n) return false;
  for (int64_t j = 0; j < n; ++j) {
    const auto at = static_cast<size_t>(j);
    if (starts[at] != j || sources[at] != j || weights[at] != 1) return false;
  }
  return true;
}

TapTable TapTable::transposed(int64_t n) const {
  TapTable t;
  t.starts.assign(static_cast<size_t>(n) + 1, 0);
  for (int64_t s : sources) ++t.starts[static_cast<size_t>(s) + 1];
  for (size_t i = 1; i < t.starts.size(); ++i) t.starts[i] += t.starts[i - 1];
  std::vector<int64_t> next(t.starts.begin(), t.starts.end() - 1);
  t.sources.resize(sources.size());
  t.weights.resize(sources.size());
  for (int64_t j = 0; j < rows(); ++j) {
    for (auto k = static_cast<size_t>(starts[static_cast<size_t>(j)]);
         k < static_cast<size_t>(starts[static_cast<size_t>(j) + 1]); ++k) {
      const auto to = static_cast<size_t>(next[static_cast<size_t>(sources[k])]++);
      t.sources[to] = j;
      t.weights[to] = weights[k];
    }
  }
  return t;
}

}  // namespace stet
