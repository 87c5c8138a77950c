#include "stet/cuda/elementwise.h"

#include <type_traits>

#include "stet/cuda/functions.h"
#include "stet/cuda/map.h"
#include "stet/cuda/power.h"
#include "stet/cuda/report.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cuda_kernels {

using cuda::Fault, cuda::Queue;

namespace {

template <class X, class Y> struct Convert {
  __device__ Y operator()(X x) const { return scalar_ops::convert<Y>(x); }
};

template <class T> struct Same {
  __device__ T operator()(T x) const { return x; }
};

template <class T> __global__ void fill_plain(T* y, int64_t n, bool is_aligned, T value) {
  const cuda::Four<T> four = {value, value, value, value};
  for (int64_t i = cuda::global_thread(); 4 * i < n; i += cuda::global_threads())
    cuda::store_four(four, y, i, n, is_aligned);
}

template <class T> __global__ void fill_strided(T* y, cuda::Layout<1> layout, T value) {
  for (int64_t i = cuda::global_thread(); i < layout.elements; i += cuda::global_threads())
    y[layout.at(i).of[0]] = value;
}

}  // namespace

void copy(Queue& queue, const Tensor& x, const Tensor& y) {
  if (x.dtype() == y.dtype() && x.is_contiguous() && y.is_contiguous()) {
    return queue.copy(x.data(), y.mutable_data(), static_cast<size_t>(x.elements()) * size_of(x.dtype()));
  }
  visit_dtype(x.dtype(), [&](auto from) {
    visit_dtype(y.dtype(), [&](auto to) {
      using X = decltype(from);
      using Y = decltype(to);
      if constexpr (std::is_same_v<X, Y>) cuda::map<X, X>(queue, x, y, Same<X>());
      else cuda::map<X, Y>(queue, x, y, Convert<X, Y>());
    });
  });
}

void fill(Queue& queue, double value, const Tensor& y) {
  visit_dtype(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    const T v = scalar_ops::convert<T>(value);
    const auto l = cuda::layout<1>({&y});
    T* const to = y.mutable_data_as<T>();
    if (l.elements == 0) return;
    if (l.is_plain())
      queue.launch(fill_plain<T>, cuda::Grid::over(l.elements, 4), to, l.elements, cuda::is_aligned<T>(y), v);
    else queue.launch(fill_strided<T>, cuda::Grid::over(l.elements), to, l, v);
  });
}

namespace {

// A functor of a function that is known when this is compiled.
template <auto kFunction> struct Call {
  template <class... T> __device__ auto operator()(T... x) const { return kFunction(x...); }
};

template <class T> struct SquareRoot {
  __device__ T operator()(T x) const { return sqrt(x); }
};
struct Not {
  __device__ bool operator()(bool x) const { return !x; }
};
template <class T> struct Divide {
  __device__ T operator()(T a, T b) const { return a / b; }
};
// kFunction of integers; by 0 it reports `op`, by which errors.cpp knows the op's name.
template <auto kFunction, class T> struct DivideIntegers {
  cuda::Reports reports;
  int op;
  __device__ T operator()(T a, T b) const {
    if (b == 0) {
      cuda::report(reports, Fault::division_by_zero, 0, op);
      return 0;
    }
    return kFunction(a, b);
  }
};
template <class T> struct Floor {
  __device__ T operator()(T x) const { return std::floor(x); }
};
template <class T> struct Ceil {
  __device__ T operator()(T x) const { return std::ceil(x); }
};
template <class T> struct Round {
  __device__ T operator()(T x) const { return std::rint(x); }
};
template <class T> struct Truncate {
  __device__ T operator()(T x) const { return std::trunc(x); }
};
template <class T> struct ReluGradient {
  __device__ T operator()(T g, T y) const { return y > T{0} ? g : T{0}; }
};

template <class T> struct Equal {
  __device__ bool operator()(T a, T b) const { return a == b; }
};
template <class T> struct NotEqual {
  __device__ bool operator()(T a, T b) const { return a != b; }
};
template <class T> struct Less {
  __device__ bool operator()(T a, T b) const { return a < b; }
};
template <class T> struct LessEqual {
  __device__ bool operator()(T a, T b) const { return a <= b; }
};
template <class T> struct Greater {
  __device__ bool operator()(T a, T b) const { return a > b; }
};
template <class T> struct GreaterEqual {
  __device__ bool operator()(T a, T b) const { return a >= b; }
};
template <class T> struct And {
  __device__ bool operator()(T a, T b) const { return a && b; }
};
template <class T> struct Or {
  __device__ bool operator()(T a, T b) const { return a || b; }
};

template <class T> __global__ void select(const bool* condition, const T* a, const T* b, T* y, cuda::Layout<4> layout) {
  for (int64_t i = cuda::global_thread(); i < layout.elements; i += cuda::global_threads()) {
    const auto at = layout.at(i);
    y[at.of[3]] = condition[at.of[0]] ? a[at.of[1]] : b[at.of[2]];
  }
}

void elementary(Queue& queue, Unary op, const Tensor& x, const Tensor& y) {
  const auto map = [&](auto f) { cuda::map<float, float>(queue, x, y, f); };
  switch (op) {
    case Unary::exp: return map(Call<cuda::exp>());
    case Unary::expm1: return map(Call<cuda::expm1>());
    case Unary::log: return map(Call<cuda::log>());
    case Unary::log1p: return map(Call<cuda::log1p>());
    case Unary::tanh: return map(Call<cuda::tanh>());
    case Unary::sigmoid: return map(Call<cuda::sigmoid>());
    case Unary::erf: return map(Call<cuda::erf>());
    case Unary::sin: return map(Call<cuda::sin>());
    case Unary::cos: return map(Call<cuda::cos>());
    case Unary::sinpi: return map(Call<cuda::sinpi>());
    case Unary::cospi: return map(Call<cuda::cospi>());
    case Unary::tan: return map(Call<cuda::tan>());
    case Unary::asin: return map(Call<cuda::asin>());
    case Unary::acos: return map(Call<cuda::acos>());
    case Unary::atan: return map(Call<cuda::atan>());
    case Unary::sinh: return map(Call<cuda::sinh>());
    case Unary::cosh: return map(Call<cuda::cosh>());
    case Unary::log2: return map(Call<cuda::log2>());
    case Unary::log10: return map(Call<cuda::log10>());
    default: cuda::no_kernel(queue, "unary");
  }
}

}  // namespace

void unary(Queue& queue, Unary op, const Tensor& x, const Tensor& y) {
  visit_dtype(x.dtype(), [&](auto sample) {
    using T = decltype(sample);
    if constexpr (std::is_same_v<T, bool>) {
      cuda::map<bool, bool>(queue, x, y, Not());
    } else {
      switch (op) {
        case Unary::neg: return cuda::map<T, T>(queue, x, y, Call<scalar_ops::neg<T>>());
        case Unary::abs: return cuda::map<T, T>(queue, x, y, Call<scalar_ops::abs<T>>());
        case Unary::sign: return cuda::map<T, T>(queue, x, y, Call<scalar_ops::sign<T>>());
        case Unary::relu: return cuda::map<T, T>(queue, x, y, Call<scalar_ops::relu<T>>());
        default: break;
      }
      if constexpr (std::is_floating_point_v<T>) {
        switch (op) {
          case Unary::sqrt: return cuda::map<T, T>(queue, x, y, SquareRoot<T>());
          case Unary::floor: return cuda::map<T, T>(queue, x, y, Floor<T>());
          case Unary::ceil: return cuda::map<T, T>(queue, x, y, Ceil<T>());
          case Unary::round: return cuda::map<T, T>(queue, x, y, Round<T>());
          case Unary::trunc: return cuda::map<T, T>(queue, x, y, Truncate<T>());
          default: break;
        }
      }
      if constexpr (std::is_integral_v<T>) cuda::map<T, T>(queue, x, y, Call<scalar_ops::bitwise_not<T>>());
      else if constexpr (std::is_same_v<T, float>) elementary(queue, op, x, y);
      else cuda::no_kernel(queue, "an elementary function of float64");
    }
  });
}

namespace {

template <class T> void divide_floating(Queue& queue, Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  switch (op) {
    case Binary::div: return cuda::zip<T, T>(queue, a, b, y, Divide<T>());
    case Binary::floor_divide: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::floor_divide<T>>());
    case Binary::remainder: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::remainder<T>>());
    case Binary::fmod: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::fmod<T>>());
    default: break;
  }
  if constexpr (std::is_same_v<T, float>) pow(queue, a, b, y);
  else cuda::no_kernel(queue, "pow of float64");
}

template <class T> void of_integers(Queue& queue, Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  switch (op) {
    case Binary::bitwise_and: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::bitwise_and<T>>());
    case Binary::bitwise_or: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::bitwise_or<T>>());
    case Binary::bitwise_xor: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::bitwise_xor<T>>());
    case Binary::left_shift: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::left_shift<T>>());
    case Binary::right_shift: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::right_shift<T>>());
    default: break;
  }
  const auto divide = [&](auto f) { cuda::zip<T, T>(queue, a, b, y, f); };
  switch (op) {
    case Binary::floor_divide: return divide(DivideIntegers<scalar_ops::floor_divide<T>, T>{queue.reports(), 1});
    case Binary::remainder: return divide(DivideIntegers<scalar_ops::remainder<T>, T>{queue.reports(), 2});
    case Binary::fmod: return divide(DivideIntegers<scalar_ops::fmod<T>, T>{queue.reports(), 3});
    default: return divide(DivideIntegers<scalar_ops::divide<T>, T>{queue.reports(), 0});
  }
}

template <class T> void arithmetic(Queue& queue, Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  switch (op) {
    case Binary::add: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::add<T>>());
    case Binary::sub: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::sub<T>>());
    case Binary::mul: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::mul<T>>());
    case Binary::maximum: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::maximum<T>>());
    case Binary::minimum: return cuda::zip<T, T>(queue, a, b, y, Call<scalar_ops::minimum<T>>());
    case Binary::relu_gradient: return cuda::zip<T, T>(queue, a, b, y, ReluGradient<T>());
    default: break;
  }
  if constexpr (std::is_floating_point_v<T>) divide_floating<T>(queue, op, a, b, y);
  else of_integers<T>(queue, op, a, b, y);
}

template <class T> void compare(Queue& queue, Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  switch (op) {
    case Binary::equal: return cuda::zip<T, bool>(queue, a, b, y, Equal<T>());
    case Binary::not_equal: return cuda::zip<T, bool>(queue, a, b, y, NotEqual<T>());
    case Binary::less: return cuda::zip<T, bool>(queue, a, b, y, Less<T>());
    case Binary::less_equal: return cuda::zip<T, bool>(queue, a, b, y, LessEqual<T>());
    case Binary::greater: return cuda::zip<T, bool>(queue, a, b, y, Greater<T>());
    case Binary::greater_equal: return cuda::zip<T, bool>(queue, a, b, y, GreaterEqual<T>());
    case Binary::logical_and: return cuda::zip<T, bool>(queue, a, b, y, And<T>());
    default: return cuda::zip<T, bool>(queue, a, b, y, Or<T>());
  }
}

}  // namespace

void binary(Queue& queue, Binary op, const Tensor& a, const Tensor& b, const Tensor& y) {
  visit_dtype(a.dtype(), [&](auto sample) {
    using T = decltype(sample);
    if (op >= Binary::equal) return compare<T>(queue, op, a, b, y);
    if constexpr (!std::is_same_v<T, bool>) arithmetic<T>(queue, op, a, b, y);
  });
}

void where(Queue& queue, const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor& y) {
  const auto layout = cuda::layout<4>({&condition, &a, &b, &y});
  if (layout.elements == 0) return;
  visit_dtype(y.dtype(), [&](auto sample) {
    using T = decltype(sample);
    queue.launch(select<T>, cuda::Grid::over(layout.elements), condition.data_as<bool>(), a.data_as<T>(),
                 b.data_as<T>(), y.mutable_data_as<T>(), layout);
  });
}

}  // namespace stet::cuda_kernels
