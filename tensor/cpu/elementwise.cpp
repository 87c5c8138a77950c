#include "stet/tensor/cpu/elementwise.h"

#include <cmath>
#include <functional>
#include <type_traits>

#include "stet/tensor/cpu/copy.h"
#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/error.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cpu_kernels {
namespace {

template <class T> T* data(const Tensor& t) { return t.mutable_data_as<T>(); }

// y[..] = f(x[..]) element by element.
template <class X, class Y, class F> void map(const Tensor& x, const Tensor& y, F f) {
  const StridedLoop<2> loop({&x, &y});
  const auto [sx, sy] = loop.steps();
  loop.for_rows([&, sx = sx, sy = sy](const auto& at, int64_t n) {
    const X* from = data<X>(x) + at[0];
    Y* to = data<Y>(y) + at[1];
    if (sx == 1 && sy == 1) {
      for (int64_t i = 0; i < n; ++i) to[i] = f(from[i]);
    } else {
      for (int64_t i = 0; i < n; ++i) to[i * sy] = f(from[i * sx]);
    }
  });
}

// Calls body with a step of 0 or 1 as a constant, so that its loop becomes vector code.
template <class Body> void with_step(int64_t step, const Body& body) {
  if (step == 1) body(std::integral_constant<int64_t, 1>());
  else if (step == 0) body(std::integral_constant<int64_t, 0>());
  else body(step);
}

// y[..] = f(a[..], b[..]); y is contiguous.
template <class X, class Y, class F> void zip(const Tensor& a, const Tensor& b, const Tensor& y, F f) {
  const StridedLoop<3> loop({&a, &b, &y});
  const auto [sa, sb, sy] = loop.steps();
  loop.for_rows([&, sa = sa, sb = sb](const auto& at, int64_t n) {
    const X* p = data<X>(a) + at[0];
    const X* q = data<X>(b) + at[1];
    Y* to = data<Y>(y) + at[2];
    with_step(sa, [&](auto step_a) {
      with_step(sb, [&](auto step_b) {
        for (int64_t i = 0; i < n; ++i) to[i] = f(p[i * step_a], q[i * step_b]);
      });
    });
  });
}

}  // namespace

void copy(const Tensor& x, const Tensor& y) {
  if (x.dtype() == y.dtype()) return copy_elements(x, y);
  visit_dtype(x.dtype(), [&](auto from) {
    visit_dtype(y.dtype(), [&](auto to) {
      using X = decltype(from);
      using Y = decltype(to);
      map<X, Y>(x, y, [](X v) { return scalar_ops::convert<Y>(v); });
    });
  });
}

void fill(double value, const Tensor& y) {
  visit_dtype(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const T v = scalar_ops::convert<T>(value);
    const StridedLoop<1> loop({&y});
    const int64_t step = loop.steps()[0];
    loop.for_rows([&](const auto& at, int64_t n) {
      T* to = data<T>(y) + at[0];
      with_step(step, [&](auto s) {
        for (int64_t i = 0; i < n; ++i) to[i * s] = v;
      });
    });
  });
}

namespace {

// An array function over a tensor of any layout: strided rows pass through a buffer.
template <class T, class Function> void map_arrays(const Tensor& x, const Tensor& y, const Function& function) {
  const StridedLoop<2> loop({&x, &y});
  const int64_t step = loop.steps()[0];
  loop.for_rows([&](const auto& at, int64_t n) {
    const T* from = data<T>(x) + at[0];
    T* to = data<T>(y) + at[1];
    if (step == 1) return function(from, to, n);
    for (int64_t i = 0; i < n; ++i) to[i] = from[i * step];
    function(to, to, n);
  });
}

Elementary elementary(Unary op) {
  switch (op) {
    case Unary::exp: return Elementary::exp;
    case Unary::expm1: return Elementary::expm1;
    case Unary::log: return Elementary::log;
    case Unary::log1p: return Elementary::log1p;
    case Unary::tanh: return Elementary::tanh;
    case Unary::sigmoid: return Elementary::sigmoid;
    case Unary::erf: return Elementary::erf;
    case Unary::sqrt: return Elementary::sqrt;
    case Unary::sin: return Elementary::sin;
    case Unary::cos: return Elementary::cos;
    case Unary::sinpi: return Elementary::sinpi;
    case Unary::cospi: return Elementary::cospi;
    case Unary::tan: return Elementary::tan;
    case Unary::asin: return Elementary::asin;
    case Unary::acos: return Elementary::acos;
    case Unary::atan: return Elementary::atan;
    case Unary::sinh: return Elementary::sinh;
    case Unary::cosh: return Elementary::cosh;
    case Unary::log2: return Elementary::log2;
    case Unary::log10: return Elementary::log10;
    default: raise("unary: not an elementary function");
  }
}

// floor to trunc, of doubles.
template <class T> void round_all(Unary op, const Tensor& x, const Tensor& y) {
  switch (op) {
    case Unary::floor: return map<T, T>(x, y, [](T v) { return std::floor(v); });
    case Unary::ceil: return map<T, T>(x, y, [](T v) { return std::ceil(v); });
    case Unary::round: return map<T, T>(x, y, [](T v) { return std::nearbyint(v); });
    default: return map<T, T>(x, y, [](T v) { return std::trunc(v); });
  }
}

bool is_vectorised(Unary op) {
  return op == Unary::neg || op == Unary::abs || (op >= Unary::relu && op <= Unary::trunc);
}
static_assert(static_cast<int>(Unary::trunc) - static_cast<int>(Unary::relu) == 4, "relu to trunc come together");

}  // namespace

void unary(Unary op, const Tensor& x, const Tensor& y) {
  if (x.dtype() == DType::float32 && is_vectorised(op)) {
    return map_arrays<float>(x, y, [op](const float* from, float* to, int64_t n) { unary_floats(op, from, to, n); });
  }
  visit_dtype(x.dtype(), [&](auto sample) {
    using T = decltype(sample);
    if constexpr (std::is_same_v<T, bool>) {
      map<bool, bool>(x, y, [](bool v) { return !v; });
    } else {
      switch (op) {
        case Unary::neg: return map<T, T>(x, y, scalar_ops::neg<T>);
        case Unary::abs: return map<T, T>(x, y, scalar_ops::abs<T>);
        case Unary::sign: return map<T, T>(x, y, scalar_ops::sign<T>);
        case Unary::relu: return map<T, T>(x, y, scalar_ops::relu<T>);
        default: break;
      }
      if constexpr (std::is_integral_v<T>) {
        map<T, T>(x, y, scalar_ops::bitwise_not<T>);
      } else if (op >= Unary::floor && op <= Unary::trunc) {
        round_all<T>(op, x, y);
      } else {
        map_arrays<T>(x, y, [f = elementary(op)](const T* from, T* to, int64_t n) { apply(f, from, to, n); });
      }
    }
  });
}

namespace {

bool is_vectorised(Binary op) { return op <= Binary::relu_gradient; }
static_assert(static_cast<int>(Binary::relu_gradient) == 6, "add to relu_gradient come first");

void vectorised_binary(Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  const StridedLoop<3> loop({&a, &b, &y});
  const auto [sa, sb, sy] = loop.steps();
  loop.for_rows([&, sa = sa, sb = sb](const auto& at, int64_t n) {
    const float* p = data<float>(a) + at[0];
    const float* q = data<float>(b) + at[1];
    float* to = data<float>(y) + at[2];
    if (sa <= 1 && sb <= 1) return binary_floats(op, p, sa, q, sb, to, n);
    constexpr int64_t kBlock = 512;
    float left[kBlock], right[kBlock];
    for (int64_t i = 0; i < n; i += kBlock) {
      const int64_t m = std::min(kBlock, n - i);
      for (int64_t j = 0; j < m; ++j) {
        left[j] = p[(i + j) * sa];
        right[j] = q[(i + j) * sb];
      }
      binary_floats(op, left, 1, right, 1, to + i, m);
    }
  });
}

template <class T> void power(const Tensor& a, const Tensor& b, const Tensor& y) {
  const StridedLoop<3> loop({&a, &b, &y});
  const auto [sa, sb, sy] = loop.steps();
  loop.for_rows([&, sa = sa, sb = sb](const auto& at, int64_t n) {
    constexpr int64_t kBlock = 512;
    T base[kBlock], exponent[kBlock];
    for (int64_t i = 0; i < n; i += kBlock) {
      const int64_t m = std::min(kBlock, n - i);
      for (int64_t j = 0; j < m; ++j) {
        base[j] = data<T>(a)[at[0] + (i + j) * sa];
        exponent[j] = data<T>(b)[at[1] + (i + j) * sb];
      }
      pow(base, exponent, data<T>(y) + at[2] + i, m);
    }
  });
}

// y = f(a, b), which for integers throws naming the op where b is 0.
template <class T, class F>
void division(const char* name, const Tensor& a, const Tensor& b, const Tensor& y, const F& f) {
  zip<T, T>(a, b, y, [&](T p, T q) -> T {
    if constexpr (std::is_integral_v<T>) {
      if (q == 0) raise<DataError>("{}: integer division by zero", name);
    }
    return f(p, q);
  });
}

template <class T> void bitwise(Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  switch (op) {
    case Binary::bitwise_and: return zip<T, T>(a, b, y, scalar_ops::bitwise_and<T>);
    case Binary::bitwise_or: return zip<T, T>(a, b, y, scalar_ops::bitwise_or<T>);
    case Binary::bitwise_xor: return zip<T, T>(a, b, y, scalar_ops::bitwise_xor<T>);
    case Binary::left_shift: return zip<T, T>(a, b, y, scalar_ops::left_shift<T>);
    default: return zip<T, T>(a, b, y, scalar_ops::right_shift<T>);
  }
}

template <class T> void arithmetic(Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  switch (op) {
    case Binary::add: return zip<T, T>(a, b, y, scalar_ops::add<T>);
    case Binary::sub: return zip<T, T>(a, b, y, scalar_ops::sub<T>);
    case Binary::mul: return zip<T, T>(a, b, y, scalar_ops::mul<T>);
    case Binary::maximum: return zip<T, T>(a, b, y, scalar_ops::maximum<T>);
    case Binary::minimum: return zip<T, T>(a, b, y, scalar_ops::minimum<T>);
    case Binary::relu_gradient:
      return zip<T, T>(a, b, y, [](T g, T v) { return scalar_ops::select(v > T{0}, g, T{0}); });
    case Binary::floor_divide: return division<T>("floor_divide", a, b, y, scalar_ops::floor_divide<T>);
    case Binary::remainder: return division<T>("remainder", a, b, y, scalar_ops::remainder<T>);
    case Binary::fmod: return division<T>("fmod", a, b, y, scalar_ops::fmod<T>);
    default: break;
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (op == Binary::pow) return power<T>(a, b, y);
    zip<T, T>(a, b, y, std::divides<T>());
  } else {
    if (op == Binary::div) return division<T>("div", a, b, y, scalar_ops::divide<T>);
    bitwise<T>(op, a, b, y);
  }
}

template <class T> void compare(Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  switch (op) {
    case Binary::equal: return zip<T, bool>(a, b, y, std::equal_to<T>());
    case Binary::not_equal: return zip<T, bool>(a, b, y, std::not_equal_to<T>());
    case Binary::less: return zip<T, bool>(a, b, y, std::less<T>());
    case Binary::less_equal: return zip<T, bool>(a, b, y, std::less_equal<T>());
    case Binary::greater: return zip<T, bool>(a, b, y, std::greater<T>());
    case Binary::greater_equal: return zip<T, bool>(a, b, y, std::greater_equal<T>());
    case Binary::logical_and: return zip<T, bool>(a, b, y, std::logical_and<T>());
    default: return zip<T, bool>(a, b, y, std::logical_or<T>());
  }
}

}  // namespace

void binary(Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  if (a.dtype() == DType::float32 && is_vectorised(op)) return vectorised_binary(op, a, b, y);
  visit_dtype(a.dtype(), [&](auto sample) {
    using T = decltype(sample);
    if (op >= Binary::equal) return compare<T>(op, a, b, y);
    if constexpr (!std::is_same_v<T, bool>) arithmetic<T>(op, a, b, y);
  });
}

void where(const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor& y) {
  const StridedLoop<4> loop({&condition, &a, &b, &y});
  const auto [sc, sa, sb, sy] = loop.steps();
  visit_dtype(y.dtype(), [&, sc = sc, sa = sa, sb = sb](auto sample) {
    using T = decltype(sample);
    loop.for_rows([&](const auto& at, int64_t n) {
      const bool* c = data<bool>(condition) + at[0];
      const T* p = data<T>(a) + at[1];
      const T* q = data<T>(b) + at[2];
      T* to = data<T>(y) + at[3];
      with_step(sa, [&](auto step_a) {
        with_step(sb, [&](auto step_b) {
          with_step(sc, [&](auto step_c) {
            for (int64_t i = 0; i < n; ++i) to[i] = scalar_ops::select(c[i * step_c], p[i * step_a], q[i * step_b]);
          });
        });
      });
    });
  });
}

}  // namespace stet::cpu_kernels
