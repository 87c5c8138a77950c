#include <algorithm>
#include <limits>

#include "stet/tensor/cpu/prefetch.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/softmax_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"
#include "stet/tensor/cpu/row-inl.h"
#include "stet/tensor/math/float-lanes-inl.h"
#include "stet/tensor/simd/fma-inl.h"

#ifndef STET_TENSOR_CPU_SOFTMAX_CPP_
#define STET_TENSOR_CPU_SOFTMAX_CPP_
namespace stet::cpu_kernels {
namespace {

// Elements that the passes of a softmax find in the first-level cache; the kernels below take at most so many rows.
constexpr int64_t kPart = 4096;

// Rows that go through the passes together; as many as `upcoming` come after them.
struct Rows {
  int64_t count, n, upcoming;
};

// Fetches what comes next in two arrays, a piece at a time, while exponentials keep the processor busy: also what is
// only written, as a store that misses holds up those behind it.
struct Upcoming {
  template <class T>
  Upcoming(Rows rows, const T* a, const T* b) : first(next_rows(rows, a)), second(next_rows(rows, b)) {}

  template <class T> static Prefetch next_rows(Rows rows, const T* data) {
    return {data + rows.count * rows.n, rows.upcoming * rows.n, rows.count * rows.n / kPiece};
  }
  void next() { first.next(), second.next(); }

  static constexpr int64_t kPiece = 1024;  // the most elements between two calls of next()
  Prefetch first, second;
};

template <class T> struct CrossEntropyRows {
  const T* logits;
  const int64_t* target;
  Rows rows;
  T *loss, *exponentials, *total;
};
template <class T> struct CrossEntropyGradientRows {
  const T *g, *exponentials, *total;
  const int64_t* target;
  Rows rows;
  T* dx;
};

}  // namespace
}  // namespace stet::cpu_kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
using stet::HWY_NAMESPACE::Fma;
using stet::HWY_NAMESPACE::Maximum;
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using cpu_kernels::CrossEntropyGradientRows;
using cpu_kernels::CrossEntropyRows;
using cpu_kernels::kPart;
using cpu_kernels::Rows;
using cpu_kernels::Upcoming;

// y[i] = f(tag, a[i], b[i]).
template <class T, class F> HWY_INLINE void zip(const T* a, const T* b, T* y, int64_t n, const F& f) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  constexpr int64_t kWidth = hn::MaxLanes(d);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) hn::StoreU(f(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  for (; i < n; ++i) hn::StoreU(f(one, hn::LoadU(one, a + i), hn::LoadU(one, b + i)), one, y + i);
}
template <class T, class F> HWY_INLINE void map(const T* x, T* y, int64_t n, const F& f) {
  zip(x, x, y, n, [&](auto d, auto v, auto) HWY_ATTR { return f(d, v); });
}

// The row's largest number. A NaN in the row, or the sign of a zero, may be lost: the one is in the sum of e^(x - m)
// all the same, and the other makes no difference to e^(x - m), nor to what is subtracted from a logarithm, which is
// never -0.
template <class T> HWY_INLINE T row_maximum(const T* x, int64_t n) {
  return row_fold(x, n, -std::numeric_limits<T>::infinity(), [](auto a, auto b) HWY_ATTR { return hn::Max(a, b); });
}

// y = e^(x - m) for at most kSumBlock elements; returns the sum of y.
HWY_INLINE float exponentials_of(const float* x, float m, int64_t n, float* y) {
  const hn::ScalableTag<float> d;
  const auto shift = hn::Set(d, m);
  return block_sum_of<float>(
      n,
      [&](int64_t i) HWY_ATTR {
        const auto e = math::HWY_NAMESPACE::Exp(hn::Sub(hn::LoadU(d, x + i), shift));
        hn::StoreU(e, d, y + i);
        return e;
      },
      [&](int64_t i, int64_t count) HWY_ATTR {
        store_part(d, math::HWY_NAMESPACE::Exp(hn::Sub(load_part(d, x + i, count, m), shift)), y + i, count);
        return load_part(d, y + i, count, 0.0f);
      });
}

HWY_INLINE double exponentials_of(const double* x, double m, int64_t n, double* y) {
  map(x, y, n, [m](auto d, auto v) HWY_ATTR { return hn::Sub(v, hn::Set(d, m)); });
  apply(Elementary::exp, y, y, n);
  return block_sum(y, n);
}

// From this length on a row is worth a loop of its own; shorter ones share vectors of exponentials.
constexpr int64_t kLongRow = 512;

// y = e^(x - m), m = the row's maximum, and each row's sum.
template <class T> HWY_INLINE void exponential_rows(const T* x, Rows rows, T* y, T* sums, Upcoming upcoming) {
  const int64_t n = rows.n;
  for (int64_t r = 0; r < rows.count; ++r) {
    const T *from = x + r * n, m = row_maximum(from, n);
    T* to = y + r * n;
    if (n < kLongRow) {
      map(from, to, n, [m](auto d, auto v) HWY_ATTR { return hn::Sub(v, hn::Set(d, m)); });
    } else {
      sums[r] = sum_of_blocks<T>(0, n, [=, &upcoming](int64_t i, int64_t count) HWY_ATTR {
        upcoming.next();
        return exponentials_of(from + i, m, count, to + i);
      });
    }
  }
  if (n >= kLongRow) return;
  for (int64_t i = 0; i < rows.count * n; i += Upcoming::kPiece) {
    upcoming.next();
    apply(Elementary::exp, y + i, y + i, std::min(Upcoming::kPiece, rows.count * n - i));
  }
  for (int64_t r = 0; r < rows.count; ++r) sums[r] = block_sum(y + r * n, n);
}

HWY_INLINE void divide(double* y, double total, int64_t n) {
  map(y, y, n, [total](auto d, auto v) HWY_ATTR { return hn::Div(v, hn::Set(d, total)); });
}

// y = y / total, 0 <= y <= 1 <= total, without a division for each: with r = 1 / total rounded and q within one unit in
// the last place of the quotient, q + (y - q total) r rounds to the quotient (Markstein, 1990). Where y - q total may
// not be a float, as it is too small, and where a multiply-add is emulated, the division itself.
HWY_INLINE void divide(float* y, float total, int64_t n) {
  const float reciprocal = 1 / total;
  const bool usual = total < 0x1p24f && HWY_TARGET != HWY_SCALAR;
  map(y, y, n, [=](auto d, auto v) HWY_ATTR {
    const auto t = hn::Set(d, total), r = hn::Set(d, reciprocal);
    if (!usual || !hn::AllTrue(d, hn::Ge(v, hn::Set(d, 0x1p-100f)))) return hn::Div(v, t);
    auto q = hn::Mul(v, r);
    const auto minus_t = hn::Neg(t);
    q = Fma(Fma(q, minus_t, v), r, q);
    return Fma(Fma(q, minus_t, v), r, q);
  });
}

template <class T> HWY_INLINE void softmax(const T* x, Rows rows, T* y) {
  T total[kPart];
  exponential_rows(x, rows, y, total, Upcoming(rows, x, y));
  for (int64_t r = 0; r < rows.count; ++r) divide(y + r * rows.n, total[r], rows.n);
}

// dx = y (g - sum(g y)), row by row.
template <class T> HWY_INLINE void softmax_gradient(const T* g, const T* y, Rows rows, T* dx) {
  const int64_t n = rows.n;
  for (int64_t r = 0; r < rows.count; ++r, g += n, y += n, dx += n) {
    zip(g, y, dx, n, [](auto, auto p, auto q) HWY_ATTR { return hn::Mul(p, q); });
    const T total = row_sum(dx, n);
    zip(g, y, dx, n, [total](auto d, auto p, auto q) HWY_ATTR { return hn::Mul(q, hn::Sub(p, hn::Set(d, total))); });
  }
}

// `e` has room for as many elements as y.
template <class T> HWY_INLINE void log_softmax(const T* x, Rows rows, T* y, T* e) {
  T total[kPart] = {};
  exponential_rows(x, rows, e, total, Upcoming(rows, x, y));
  apply(Elementary::log, total, total, rows.count);
  const int64_t n = rows.n;
  for (int64_t r = 0; r < rows.count; ++r, x += n, y += n) {
    // Here the sign of a maximum of 0 shows.
    const T lowest = -std::numeric_limits<T>::infinity();
    const T m = row_fold(x, n, lowest, [](auto a, auto b) HWY_ATTR { return Maximum(a, b); });
    map(x, y, n,
        [m, t = total[r]](auto d, auto v) HWY_ATTR { return hn::Sub(hn::Sub(v, hn::Set(d, m)), hn::Set(d, t)); });
  }
}

template <class T> HWY_INLINE void cross_entropy(const CrossEntropyRows<T>& a) {
  exponential_rows(a.logits, a.rows, a.exponentials, a.total, Upcoming(a.rows, a.logits, a.exponentials));
  apply(Elementary::log, a.total, a.loss, a.rows.count);
  for (int64_t r = 0; r < a.rows.count; ++r) {
    const T* x = a.logits + r * a.rows.n;
    a.loss[r] -= x[a.target[r]] - row_maximum(x, a.rows.n);
  }
}

template <class T> HWY_INLINE void cross_entropy_gradient(const CrossEntropyGradientRows<T>& a) {
  const int64_t n = a.rows.n;
  for (int64_t r = 0; r < a.rows.count; ++r) {
    const T *e = a.exponentials + r * n, reciprocal = 1 / a.total[r], g = a.g[r];
    T* dx = a.dx + r * n;
    map(e, dx, n, [=](auto d, auto v) HWY_ATTR { return hn::Mul(hn::Mul(v, hn::Set(d, reciprocal)), hn::Set(d, g)); });
    // Elsewhere the 0 that is subtracted changes nothing.
    dx[a.target[r]] = (e[a.target[r]] * reciprocal - 1) * g;
  }
}

}  // namespace

void softmax_float(const float* x, Rows rows, float* y) { softmax(x, rows, y); }
void softmax_double(const double* x, Rows rows, double* y) { softmax(x, rows, y); }
void softmax_gradient_float(const float* g, const float* y, Rows rows, float* dx) { softmax_gradient(g, y, rows, dx); }
void softmax_gradient_double(const double* g, const double* y, Rows rows, double* dx) {
  softmax_gradient(g, y, rows, dx);
}
void log_softmax_float(const float* x, Rows rows, float* y, float* e) { log_softmax(x, rows, y, e); }
void log_softmax_double(const double* x, Rows rows, double* y, double* e) { log_softmax(x, rows, y, e); }
void cross_entropy_float(const CrossEntropyRows<float>& a) { cross_entropy(a); }
void cross_entropy_double(const CrossEntropyRows<double>& a) { cross_entropy(a); }
void cross_entropy_gradient_float(const CrossEntropyGradientRows<float>& a) { cross_entropy_gradient(a); }
void cross_entropy_gradient_double(const CrossEntropyGradientRows<double>& a) { cross_entropy_gradient(a); }

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>

#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/error.h"

namespace stet::cpu_kernels {

HWY_EXPORT(softmax_float);
HWY_EXPORT(softmax_double);
HWY_EXPORT(softmax_gradient_float);
HWY_EXPORT(softmax_gradient_double);
HWY_EXPORT(log_softmax_float);
HWY_EXPORT(log_softmax_double);
HWY_EXPORT(cross_entropy_float);
HWY_EXPORT(cross_entropy_double);
HWY_EXPORT(cross_entropy_gradient_float);
HWY_EXPORT(cross_entropy_gradient_double);

namespace {

// Calls body(first row, rows) on parts of x [.., n] of about kPart elements, or one row.
template <class Body> void for_row_parts(const Tensor& x, const Body& body) {
  const int64_t n = x.size(-1), rows = x.elements() / n, part = std::max<int64_t>(1, kPart / n);
  constexpr int64_t kGrain = kElementGrain / 4;  // these do more with an element than other ops
  parallel_for((rows + part - 1) / part, std::max<int64_t>(1, kGrain / (part * n)), [&](int64_t begin, int64_t end) {
    const int64_t stop = std::min(rows, end * part);
    for (int64_t row = begin * part; row < stop; row += part) {
      const int64_t count = std::min(part, stop - row);
      // Longer rows would push out of the cache what they still need.
      body(row, Rows{count, n, n > kPart ? 0 : std::min(part, stop - row - count)});
    }
  });
}

void require_classes(const Tensor& target, int64_t classes) {
  const int64_t* at = target.data_as<int64_t>();
  for (int64_t i = 0; i < target.elements(); ++i) {
    if (at[i] < 0 || at[i] >= classes)
      raise<DataError>("cross_entropy: target {} at position {} is not in 0 to {}", at[i], i, classes - 1);
  }
}

template <class T>
CrossEntropyRows<T> forward_rows(const Tensor& logits, const Tensor& target, const Tensor& loss,
                                 const Tensor& exponentials, const Tensor& total, int64_t row, Rows rows) {
  return {logits.data_as<T>() + row * rows.n,
          target.data_as<int64_t>() + row,
          rows,
          loss.mutable_data_as<T>() + row,
          exponentials.mutable_data_as<T>() + row * rows.n,
          total.mutable_data_as<T>() + row};
}

template <class T>
CrossEntropyGradientRows<T> gradient_rows(const Tensor& g, const Tensor& target, const Tensor& exponentials,
                                          const Tensor& total, const Tensor& dx, int64_t row, Rows rows) {
  return {g.data_as<T>() + row,
          exponentials.data_as<T>() + row * rows.n,
          total.data_as<T>() + row,
          target.data_as<int64_t>() + row,
          rows,
          dx.mutable_data_as<T>() + row * rows.n};
}

}  // namespace

void softmax(const Tensor& x, const Tensor& y) {
  visit_floating(x.dtype(), [&]<class T>(T) {
    for_row_parts(x, [&](int64_t row, Rows rows) {
      const int64_t at = row * rows.n;
      STET_DISPATCH_OF(T, softmax_float, softmax_double)(x.data_as<T>() + at, rows, y.mutable_data_as<T>() + at);
    });
  });
}

void softmax_gradient(const Tensor& g, const Tensor& y, const Tensor& dx) {
  visit_floating(y.dtype(), [&]<class T>(T) {
    for_row_parts(y, [&](int64_t row, Rows rows) {
      const int64_t at = row * rows.n;
      STET_DISPATCH_OF(T, softmax_gradient_float, softmax_gradient_double)
      (g.data_as<T>() + at, y.data_as<T>() + at, rows, dx.mutable_data_as<T>() + at);
    });
  });
}

void log_softmax(const Tensor& x, const Tensor& y) {
  visit_floating(x.dtype(), [&]<class T>(T) {
    for_row_parts(x, [&](int64_t row, Rows rows) {
      thread_local Workspace workspace;
      const int64_t at = row * rows.n;
      STET_DISPATCH_OF(T, log_softmax_float, log_softmax_double)
      (x.data_as<T>() + at, rows, y.mutable_data_as<T>() + at, workspace.get<T>(rows.count * rows.n));
    });
  });
}

void cross_entropy(const Tensor& logits, const Tensor& target, const Tensor& loss, const Tensor& exponentials,
                   const Tensor& total) {
  require_classes(target, logits.size(-1));
  visit_floating(logits.dtype(), [&]<class T>(T) {
    for_row_parts(logits, [&](int64_t row, Rows rows) {
      STET_DISPATCH_OF(T, cross_entropy_float, cross_entropy_double)
      (forward_rows<T>(logits, target, loss, exponentials, total, row, rows));
    });
  });
}

void cross_entropy_gradient(const Tensor& g, const Tensor& target, const Tensor& exponentials, const Tensor& total,
                            const Tensor& dx) {
  const Tensor upstream = contiguous(g.detach());
  visit_floating(dx.dtype(), [&]<class T>(T) {
    for_row_parts(dx, [&](int64_t row, Rows rows) {
      STET_DISPATCH_OF(T, cross_entropy_gradient_float, cross_entropy_gradient_double)
      (gradient_rows<T>(upstream, target, exponentials, total, dx, row, rows));
    });
  });
}

}  // namespace stet::cpu_kernels
#endif
