#include "stet/tensor/ops/scan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

// From which end a running value begins.
enum class From { front, back };
From opposite(From end) { return end == From::front ? From::back : From::front; }

Tensor widened(const Tensor& x) { return size_of(x.dtype()) == 1 ? x.to(DType::int64) : x; }

Tensor apply(Cumulation op, const char* name, const Tensor& x, int axis, From end) {
  const Tensor y = new_tensor(name, x.shape(), x.dtype(), x.device());
  add_work(8 * y.elements());
  if (y.elements() > 0)
    backend(x.device()).cumulate(op, as_three(name, x, axis), end == From::back, as_three(name, y, axis));
  return y;
}

Tensor running_sum(const Tensor& x, int axis, From end) {
  return record("cumsum", apply(Cumulation::sum, "cumsum", x, axis, end),
                {{x, [=](const Tensor& g) { return running_sum(g, axis, opposite(end)); }}});
}

// The n - 1 elements along the axis that have a neighbour on the side of `end`.
Tensor all_but_first(const Tensor& x, int axis, From end) {
  return end == From::front ? slice(x, axis, 1, x.size(axis)) : slice(x, axis, 0, x.size(axis) - 1);
}

// y[k] = m[k, k±1]·y[k±1] + b[k] along the axis, where k±1 is k's neighbour on the side of `end` and m [n - 1] stands
// between neighbours; y = b at the end itself. Its adjoints are the same from the other end.
Tensor recurrence(const Tensor& m, const Tensor& b, int axis, From end) {
  constexpr auto kOp = "recurrence";
  const Tensor y = new_tensor(kOp, b.shape(), b.dtype(), b.device());
  add_work(8 * y.elements());
  if (y.elements() > 0) {
    backend(b.device())
        .recurrence(as_three(kOp, m, axis), as_three(kOp, b, axis), end == From::back, as_three(kOp, y, axis));
  }
  const auto adjoint = [=](const Tensor& g) { return recurrence(m, g, axis, opposite(end)); };
  return record(kOp, y,
                {{m,
                  [=](const Tensor& g) {
                    const Tensor before = recurrence(m, b, axis, end);  // with its own gradient, unlike y
                    return all_but_first(adjoint(g), axis, end) * all_but_first(before, axis, opposite(end));
                  }},
                 {b, adjoint}});
}

// The product of all before an element, 1 before the first, from the running products y.
Tensor shifted(const Tensor& y, int axis, From end) {
  std::vector<std::pair<int64_t, int64_t>> widths(static_cast<size_t>(y.rank() - axis), {0, 0});
  widths[0] = end == From::front ? std::pair<int64_t, int64_t>{1, 0} : std::pair<int64_t, int64_t>{0, 1};
  return pad(all_but_first(y, axis, opposite(end)), std::move(widths), 1);
}

Tensor running_product(const Tensor& x, int axis, From end) {
  return record_with_output("cumprod", apply(Cumulation::product, "cumprod", x, axis, end), x,
                            [=](const Tensor& g, const Tensor& y) {
                              // g[i] counts times the product of all up to i but x[k]: those before k, and those
                              // between.
                              const Tensor after = all_but_first(x, axis, end);
                              return shifted(y, axis, end) * recurrence(after, g, axis, opposite(end));
                            });
}

// The product along the last axis, which goes away.
Tensor product_of_rows(const Tensor& x) {
  const int axis = x.rank() - 1;
  const int64_t n = x.size(axis);
  const Tensor all = apply(Cumulation::product, "prod", x, axis, From::front);
  const Tensor value = n == 0 ? filled("prod", with_axis(x.shape(), axis, 1), 1, x.dtype(), x.device())
                              : contiguous(slice(all, axis, n - 1, n));
  return record("prod", squeeze(value, axis),
                {{x, [=](const Tensor& g) {
                    if (n == 0) return zeros(x.shape(), x.dtype(), x.device());
                    const Tensor before = shifted(running_product(x, axis, From::front), axis, From::front),
                                 behind = shifted(running_product(x, axis, From::back), axis, From::back);
                    return unsqueeze(g, -1) * (before * behind);
                  }}});
}

}  // namespace

Tensor cumsum(const Tensor& x, int axis) {
  return running_sum(widened(x), x.shape().normal_axis(axis, "cumsum"), From::front);
}

Tensor cumprod(const Tensor& x, int axis) {
  return running_product(widened(x), x.shape().normal_axis(axis, "cumprod"), From::front);
}

Tensor prod(const Tensor& x, const Axes& axes, bool keep) {
  std::vector<int> order;
  std::vector<int64_t> others, kept = x.shape().dims(), reduced;
  const std::vector<int> chosen = normal_axes(x.shape(), axes, "prod");
  for (int i = 0; i < x.rank(); ++i) {
    if (std::find(chosen.begin(), chosen.end(), i) != chosen.end()) continue;
    order.push_back(i);
    others.push_back(x.size(i));
  }
  for (int axis : chosen) {
    order.push_back(axis);
    reduced.push_back(x.size(axis));
    kept[static_cast<size_t>(axis)] = 1;
  }
  std::vector<int64_t> rows = others;
  rows.push_back(elements_of(reduced, "prod"));
  return reshape(product_of_rows(reshape(permute(widened(x), order), rows)), keep ? kept : others);
}

}  // namespace stet
