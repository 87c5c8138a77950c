// Statistics and norms over axes.
#include <cmath>
#include <limits>
#include <utility>

#include "ops/case.h"
#include "stet/tensor/math/elementary.h"

namespace stet::testing {
namespace {

using Values = Array<float>;

template <class F> Values both(const Values& a, const Values& b, F f) { return reference::zip<float>(a, b, f); }
Values minus(const Values& a, const Values& b) {
  return both(a, b, [](float x, float y) { return x - y; });
}
Values times(const Values& a, const Values& b) {
  return both(a, b, [](float x, float y) { return x * y; });
}
Values over(const Values& a, const Values& b) {
  return both(a, b, [](float x, float y) { return x / y; });
}
Values rooted(const Values& x) {
  return reference::map(x, [](float v) { return std::sqrt(v); });
}

// Elements that meet in one of a reduction's results.
double count(const Shape& shape, const Axes& axes) {
  double n = 1;
  for (int axis : normal_axes(shape, axes)) n *= static_cast<double>(shape[axis]);
  return n;
}

Values centred(const Values& x, const Axes& axes) {
  const auto first =
      reference::fold(x, axes, [](const std::vector<float>& line, bool) { return line.empty() ? 0 : line[0]; });
  const Values near = minus(x, first);
  const auto n = static_cast<float>(count(x.shape, axes));
  return minus(near, reference::map(reference::sum(near, axes), [n](float s) { return s / n; }));
}

double divisor(const Values& x, const Axes& axes, double correction) {
  return std::max(0.0, count(x.shape, axes) - correction);
}

Values variance(const Values& x, const Axes& axes, double correction) {
  const Values d = centred(x, axes);
  const auto n = static_cast<float>(divisor(x, axes, correction));
  return reference::map(reference::sum(times(d, d), axes), [n](float s) { return s / n; });
}

Values variance_gradient(const Values& g, const Values& x, const Axes& axes, double correction) {
  const auto scale = static_cast<float>(2 / divisor(x, axes, correction));
  return times(centred(x, axes), reference::map(g, [scale](float v) { return v * scale; }));
}

Values deviation_gradient(const Values& g, const Values& x, const Axes& axes, double correction) {
  const auto through_root = [](float u, float y) { return y == 0 ? 0.0f : u / (y * 2); };
  const Values y = rooted(variance(x, axes, correction));
  return variance_gradient(both(g, y, through_root), x, axes, correction);
}

struct Way {
  const char* name;
  Axes axes;
};
const Way kWays[] = {{".all", {}}, {".last", -1}, {".first", 0}, {".ends", {0, 2}}};

using Op = std::function<Tensor(const Tensor&, const Axes&)>;
using Forward = std::function<Values(const Values&, const Axes&)>;
using Backward = std::function<Values(const Values& g, const Values&, const Axes&)>;

OpCase& row(Table& t, const std::string& name, const Axes& axes, const Op& op, const Forward& f, const Backward& back) {
  OpCase& c = t.add(name, [=](auto& x) { return op(x[0], axes); })
                  .equals([=](auto& x) { return f(x[0], axes); }, few_sizes())
                  .smooth_at({{2, 3, 4}})
                  .edges_at({{{2, 0, 3}}, {{0, 2, 0}}, {{1, 70, 1}}})
                  .digest(three_axes_digest());
  if (!back) return c;
  return c.gradient_equals([=](auto& g, auto& x) { return Arrays{back(g, x[0], axes)}; },
                           {{{3, 5, 33}}, {{2, 130, 7}}, {{4, 1, 1025}}});
}

void add_variances(Table& t) {
  for (const Way& way : kWays) {
    row(
        t, std::string("var") + way.name, way.axes, [](auto& x, auto& axes) { return var(x, axes, true); },
        [](auto& x, auto& axes) { return variance(x, axes, 1); },
        [](auto& g, auto& x, auto& axes) { return variance_gradient(g, x, axes, 1); });
  }
  for (const Way& way : {kWays[0], kWays[1]}) {
    row(
        t, std::string("stddev") + way.name, way.axes, [](auto& x, auto& axes) { return x.std(axes, true, 0); },
        [](auto& x, auto& axes) { return rooted(variance(x, axes, 0)); },
        [](auto& g, auto& x, auto& axes) { return deviation_gradient(g, x, axes, 0); })
        .of({"stddev"});
  }
}

// That of exponents other than 0, 1 and the infinities.
Values p_norm(const Values& x, const Axes& axes, double p) {
  const auto exponent = static_cast<float>(p), root = static_cast<float>(1 / p);
  if (p == 2) return rooted(reference::sum(times(x, x), axes));
  const Values powers = reference::map(x, [=](float v) { return math::pow(std::fabs(v), exponent); });
  return reference::map(reference::sum(powers, axes), [=](float s) { return math::pow(s, root); });
}

float sign_of(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : x; }

Values p_norm_gradient(const Values& g, const Values& x, const Axes& axes, double p) {
  const Values y = p_norm(x, axes, p);
  if (p == 2) return times(x, both(g, y, [](float u, float n) { return n == 0 ? 0.0f : u / n; }));
  const auto slope = [q = static_cast<float>(p - 1)](float v, float n) {
    return v == 0 || n == 0 ? 0.0f : sign_of(v) * math::pow(std::fabs(v) / n, q);
  };
  const Values zero = both(x, y, [](float v, float n) { return v == 0 || n == 0 ? 0.0f : 1.0f; });
  return both(times(both(x, y, slope), g), zero, [](float v, float keeps) { return keeps == 0 ? 0.0f : v; });
}

void add_norms_of(Table& t) {
  for (const Way& way : kWays) {
    row(
        t, std::string("norm") + way.name, way.axes, [](auto& x, auto& axes) { return norm(x, 2, axes, true); },
        [](auto& x, auto& axes) { return p_norm(x, axes, 2); },
        [](auto& g, auto& x, auto& axes) { return p_norm_gradient(g, x, axes, 2); });
  }
  for (const auto& [name, exponent] : {std::pair("norm.p_3", 3.0), {"norm.p_0.5", 0.5}}) {
    const double p = exponent;
    row(
        t, name, -1, [=](auto& x, auto& axes) { return norm(x, p, axes, true); },
        [=](auto& x, auto& axes) { return p_norm(x, axes, p); },
        [=](auto& g, auto& x, auto& axes) { return p_norm_gradient(g, x, axes, p); })
        .not_on_gpu_in_float64();
  }
  row(
      t, "norm.p_1", {0, 2}, [](auto& x, auto& axes) { return norm(x, 1, axes, true); },
      [](auto& x, auto& axes) { return reference::sum(reference::map(x, [](float v) { return std::fabs(v); }), axes); },
      [](auto& g, auto& x, auto&) { return both(g, x, [](float u, float v) { return u * sign_of(v); }); });
  // There is no extreme of nothing.
  const auto extreme_row = [&](const char* name, const Axes& over, double p, float sign) {
    row(
        t, name, over, [=](auto& x, auto& axes) { return count(x.shape(), axes) == 0 ? x : norm(x, p, axes, true); },
        [=](auto& x, auto& axes) {
          if (count(x.shape, axes) == 0) return x;
          const auto negated_for_least = [sign](float v) { return sign * v; };
          const Values sizes = reference::map(x, [sign](float v) { return sign * std::fabs(v); });
          return reference::map(reference::max(sizes, axes), negated_for_least);
        },
        {});
  };
  extreme_row("norm.p_infinity", {0, 1}, std::numeric_limits<double>::infinity(), 1);
  extreme_row("norm.p_minus_infinity", -1, -std::numeric_limits<double>::infinity(), -1);
  row(
      t, "norm.p_0", -1, [](auto& x, auto& axes) { return norm(x, 0, axes, true); },
      [](auto& x, auto& axes) {
        return reference::sum(reference::map(x, [](float v) { return v == 0 ? 0.0f : 1.0f; }), axes);
      },
      {})
      .without_gradient();
}

void add_normalizations(Table& t) {
  row(
      t, "normalize", 1, [](auto& x, auto&) { return normalize(x); },
      [](auto& x, auto& axes) {
        const Values length = p_norm(x, axes, 2);
        return over(x, reference::map(length, [](float n) { return reference::maximum(n, 1e-12f); }));
      },
      {});
}

Values log_of_sum(const Values& x, const Axes& axes) {
  const Values shift = reference::map(reference::max(x, axes), [](float m) { return std::isinf(m) ? 0.0f : m; });
  const Values e = reference::map(minus(x, shift), [](float v) { return math::exp(v); });
  return both(reference::sum(e, axes), shift, [](float s, float m) { return math::log(s) + m; });
}

Values log_of_sum_gradient(const Values& g, const Values& x, const Axes& axes) {
  const Values shift = reference::map(reference::max(x, axes), [](float m) { return std::isinf(m) ? 0.0f : m; });
  const Values e = reference::map(minus(x, shift), [](float v) { return math::exp(v); });
  return times(over(g, reference::sum(e, axes)), e);
}

void add_logarithms(Table& t) {
  for (const Way& way : {kWays[0], kWays[1], kWays[3]}) {
    row(
        t, std::string("logsumexp") + way.name, way.axes, [](auto& x, auto& axes) { return logsumexp(x, axes, true); },
        log_of_sum, log_of_sum_gradient)
        .not_on_gpu_in_float64();
  }
}

// As numbers, which references are: 1 where some v > 4, and where all v < 4.
Values some_large(const Values& x, const Axes& axes) {
  const Values large = reference::map(x, [](float v) { return v > 4 ? 1.0f : 0.0f; });
  return reference::map(reference::sum(large, axes), [](float n) { return n > 0 ? 1.0f : 0.0f; });
}
Values all_small(const Values& x, const Axes& axes) {
  const Values others = reference::map(x, [](float v) { return v < 4 ? 0.0f : 1.0f; });
  return reference::map(reference::sum(others, axes), [](float n) { return n > 0 ? 0.0f : 1.0f; });
}

void add_quantifiers(Table& t) {
  for (const Way& way : {kWays[0], kWays[1]}) {
    const auto some = [](const Tensor& x, const Axes& axes) { return any(x > 4, axes, true).to(x.dtype()); };
    const auto every = [](const Tensor& x, const Axes& axes) { return all(x < 4, axes, true).to(x.dtype()); };
    row(t, std::string("any") + way.name, way.axes, some, some_large, {}).without_gradient();
    row(t, std::string("all") + way.name, way.axes, every, all_small, {}).without_gradient();
  }
}

}  // namespace

void add_statistics(Table& t) {
  add_variances(t);
  add_norms_of(t);
  add_normalizations(t);
  add_logarithms(t);
  add_quantifiers(t);
}

}  // namespace stet::testing
