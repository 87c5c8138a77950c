// Running sums and products.
#include <utility>

#include "ops/case.h"

namespace stet::testing {
namespace {

using Line = std::vector<float>;

float add(float a, float b) { return a + b; }
float multiply(float a, float b) { return a * b; }

// Chains of 1024 from `start`; then what each ends in, likewise, is what the next one begins with.
Line running(const Line& x, float start, float (*f)(float, float)) {
  constexpr size_t kChain = 1024;
  Line y, ends;
  float v = start;
  for (size_t k = 0; k < x.size(); ++k) {
    if (k % kChain == 0) v = start;
    y.push_back(v = f(v, x[k]));
    if (k % kChain == kChain - 1 || k + 1 == x.size()) ends.push_back(v);
  }
  if (ends.size() < 2) return y;
  const Line offsets = running(ends, start, f);
  for (size_t k = kChain; k < y.size(); ++k) y[k] = f(offsets[k / kChain - 1], y[k]);
  return y;
}

Line reversed(const Line& x) { return {x.rbegin(), x.rend()}; }
Line sums(const Line& x) { return running(x, 0, add); }
Line products(const Line& x) { return running(x, 1, multiply); }
Line sums_from_the_end(const Line& g, const Line&) { return reversed(sums(reversed(g))); }

// The product of all before k, times g[k] + x[k + 1]·(g[k + 1] + x[k + 2]·(...)).
Line products_gradient(const Line& g, const Line& x) {
  const Line y = products(x);
  Line rest = g, dx = g;
  for (size_t k = x.size(); k-- > 0;) {
    if (k + 1 < x.size()) rest[k] = x[k + 1] * rest[k + 1] + g[k];
    dx[k] = (k == 0 ? 1.0f : y[k - 1]) * rest[k];
  }
  return dx;
}

Array<float> along(const Array<float>& x, int axis, Line (*f)(const Line&)) { return reference::map_lines(x, axis, f); }

OpCase& row(Table& t, const std::string& name, Tensor (*op)(const Tensor&, int), int axis, Line (*f)(const Line&),
            Line (*gradient)(const Line& g, const Line& x)) {
  return t.add(name, [=](auto& x) { return op(x[0], axis); })
      .of({name.substr(0, name.find('_'))})
      .equals([=](auto& x) { return along(x[0], axis, f); }, three_axes())
      .gradient_equals([=](auto& g, auto& x) { return Arrays{reference::zip_lines(g, x[0], axis, gradient)}; },
                       {{{3, 5, 33}}, {{2, 1030, 7}}, {{4, 1, 1025}}})
      .smooth_at({{2, 3, 4}})
      .edges_at({{{2, 0, 3}}, {{0, 2, 0}}, {{1, 70, 1}}})
      .digest(three_axes_digest());
}

// The product over the axes where `reduced`, in row-major order, for each element of the others.
Array<float> product(const Array<float>& x, const std::vector<bool>& reduced) {
  std::vector<int64_t> dims = x.shape.dims();
  for (size_t i = 0; i < dims.size(); ++i) dims[i] = reduced[i] ? 1 : dims[i];
  const Shape kept(dims);
  std::vector<Line> lines(static_cast<size_t>(kept.elements()));
  for (int64_t i = 0; i < x.shape.elements(); ++i)
    lines[static_cast<size_t>(reference::source_position(kept, x.shape, i))].push_back(
        x.values[static_cast<size_t>(i)]);
  Array<float> y{kept, {}};
  for (const Line& line : lines) y.values.push_back(line.empty() ? 1.0f : products(line).back());
  return y;
}

// Of one axis: g times the product of all before and of all behind.
Line product_gradient(const Line& g, const Line& x) {
  const Line before = products(x), behind = reversed(products(reversed(x)));
  Line dx;
  for (size_t k = 0; k < x.size(); ++k)
    dx.push_back(g[0] * ((k == 0 ? 1.0f : before[k - 1]) * (k + 1 == x.size() ? 1.0f : behind[k + 1])));
  return dx;
}

OpCase& product_row(Table& t, const std::string& name, const Axes& axes, const std::vector<bool>& reduced) {
  return t.add(name, [=](auto& x) { return prod(x[0], axes, true); })
      .of({"prod"})
      .equals([=](auto& x) { return product(x[0], reduced); }, three_axes())
      .smooth_at({{2, 3, 4}})
      .edges_at({{{2, 0, 3}}, {{0, 2, 0}}, {{1, 70, 1}}})
      .digest(three_axes_digest());
}

// Zeros in some lines, one or more.
Tensor with_zeros(const Tensor& x) { return x * (abs(x) > 0.9).to(x.dtype()); }

}  // namespace

void add_scans(Table& t) {
  for (const auto& [suffix, axis] : {std::pair{"_0", 0}, {"_1", 1}, {"_last", -1}}) {
    row(t, std::string("cumsum") + suffix, cumsum, axis, sums, sums_from_the_end);
    row(t, std::string("cumprod") + suffix, cumprod, axis, products, products_gradient);
  }
  product_row(t, "prod", {}, {true, true, true});
  product_row(t, "prod_ends", {0, -1}, {true, false, true});
  product_row(t, "prod_last", {-1}, {false, false, true})
      .gradient_equals(
          [](auto& g, auto& x) {
            const auto stretched = reference::zip<float>(g, x[0], [](float a, float) { return a; });
            return Arrays{reference::zip_lines(stretched, x[0], -1, product_gradient)};
          },
          {{{3, 5, 33}}, {{4, 1, 1025}}, {{2, 3, 1}}});
  t.add("prod.of zeros", [](auto& x) {
     return prod(with_zeros(x[0]), {1}) + sum(cumprod(with_zeros(x[0]), 1), {1});
   }).smooth_at({{2, 3, 4}});
}

}  // namespace stet::testing
