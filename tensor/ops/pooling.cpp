// Pooling; its gradients' own gradients are a gather, and pooling again.
#include "stet/tensor/ops/pooling.h"

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {
namespace {

// One axis of an image under windows that are a stride apart.
struct Sliding {
  int64_t size, extent, stride, pad;
};

// How far the windows reach beyond the padding. Throws UsageError naming op where there is none.
int64_t checked_over(const char* op, const Sliding& a, bool ceil_mode) {
  if (a.extent < 1 || a.stride < 1) raise("{}: kernel and stride must be at least 1", op);
  if (a.pad < 0) raise("{}: padding must be at least 0", op);
  const int64_t padded = add_extents(op, a.size, multiply_extents(op, 2, a.pad)), room = padded - a.extent;
  if (room < 0 && (!ceil_mode || -room >= a.stride)) {
    raise("{}: a kernel of {} does not fit an extent of {} with its padding", op, a.extent, a.size);
  }
  if (a.pad > a.extent / 2) raise("{}: padding must be at most half the kernel", op);
  if (room < 0) return -room;
  const int64_t last = room - room % a.stride;  // where the last whole window starts
  const bool starts_inside = a.stride < a.size + a.pad - last;
  return ceil_mode && room != last && starts_inside ? last + a.stride - room : 0;
}

Window image_window(const char* op, const Tensor& x) {
  require_floating(op, x);
  if (x.rank() != 4) raise("{}: takes [N, C, H, W], not {}", op, x.shape().to_string());
  return {.n = x.size(0), .c = x.size(1), .h = x.size(2), .w = x.size(3), .co = x.size(1)};
}

Window pool_window(const char* op, const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& o) {
  Window s = image_window(op, x);
  s.kh = kernel.first, s.kw = kernel.second;
  s.stride_h = o.stride.first == 0 ? s.kh : o.stride.first;
  s.stride_w = o.stride.second == 0 ? s.kw : o.stride.second;
  s.pad_h = o.padding.first, s.pad_w = o.padding.second;
  s.count_padding = o.count_include_pad;
  s.over_h = checked_over(op, {s.h, s.kh, s.stride_h, s.pad_h}, o.ceil_mode);
  s.over_w = checked_over(op, {s.w, s.kw, s.stride_w, s.pad_w}, o.ceil_mode);
  multiply_extents(op, s.kh, s.kw);  // which means divide by
  return s;
}

// Where an output's extent divides the image's, the windows are those of plain pooling, which has faster kernels.
Window adaptive_window(const char* op, const Tensor& x, std::pair<int64_t, int64_t> output) {
  Window s = image_window(op, x);
  if (s.h < 1 || s.w < 1 || output.first < 1 || output.second < 1) {
    raise("{}: an image of {}x{} has no {}x{} windows", op, s.h, s.w, output.first, output.second);
  }
  // Where a window begins and ends is a quotient of these.
  multiply_extents(op, s.h, add_extents(op, output.first, 1));
  multiply_extents(op, s.w, add_extents(op, output.second, 1));
  if (s.h % output.first == 0 && s.w % output.second == 0) {
    return pool_window(op, x, {s.h / output.first, s.w / output.second}, {});
  }
  s.adaptive_h = output.first, s.adaptive_w = output.second;
  return s;
}

Shape pooled(const Window& s) { return {s.n, s.c, s.out_h(), s.out_w()}; }

Tensor max_pool_gradient(const Window& s, const Tensor& dy, const Tensor& index) {
  Tensor dx = new_tensor("max_pool2d_gradient", {s.n, s.c, s.h, s.w}, dy.dtype(), dy.device());
  backend(dy.device()).max_pool2d_gradient(s, contiguous(dy.detach()), index, dx);
  return record("max_pool2d_gradient", dx,
                {{dy, [index](const Tensor& g) {
                    return gather(flatten(g, 2), 2, flatten(index, 2)).reshape(index.shape().dims());
                  }}});
}

Tensor max_pool_forward(const char* op, const Window& s, const Tensor& x) {
  Tensor y = new_tensor(op, pooled(s), x.dtype(), x.device());
  Tensor index = new_tensor(op, pooled(s), DType::int64, x.device());
  backend(x.device()).max_pool2d(s, contiguous(x.detach()), y, index);
  return record(op, y, {{x, [s, index](const Tensor& g) { return max_pool_gradient(s, g, index); }}});
}

Tensor avg_pool_forward(const char* op, const Window& s, const Tensor& x);

Tensor avg_pool_gradient(const char* op, const Window& s, const Tensor& dy) {
  Tensor dx = new_tensor("avg_pool2d_gradient", {s.n, s.c, s.h, s.w}, dy.dtype(), dy.device());
  backend(dy.device()).avg_pool2d_gradient(s, contiguous(dy.detach()), dx);
  return record("avg_pool2d_gradient", dx, {{dy, [op, s](const Tensor& g) { return avg_pool_forward(op, s, g); }}});
}

Tensor avg_pool_forward(const char* op, const Window& s, const Tensor& x) {
  Tensor y = new_tensor(op, pooled(s), x.dtype(), x.device());
  backend(x.device()).avg_pool2d(s, contiguous(x.detach()), y);
  return record(op, y, {{x, [op, s](const Tensor& g) { return avg_pool_gradient(op, s, g); }}});
}

void require_pixels(const char* op, const Window& s, const char* what) {
  if (s.h == 0 || s.w == 0) raise("{}: an image of {}x{} has no {}", op, s.h, s.w, what);
}

}  // namespace

Tensor max_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options) {
  const Window s = pool_window("max_pool2d", x, kernel, options);
  require_pixels("max_pool2d", s, "maximum");
  return max_pool_forward("max_pool2d", s, x);
}

Tensor avg_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options) {
  const Window s = pool_window("avg_pool2d", x, kernel, options);
  if (!s.count_padding) require_pixels("avg_pool2d", s, "mean");
  return avg_pool_forward("avg_pool2d", s, x);
}

Tensor adaptive_max_pool2d(const Tensor& x, std::pair<int64_t, int64_t> output) {
  constexpr auto kOp = "adaptive_max_pool2d";
  return max_pool_forward(kOp, adaptive_window(kOp, x, output), x);
}

Tensor adaptive_avg_pool2d(const Tensor& x, std::pair<int64_t, int64_t> output) {
  constexpr auto kOp = "adaptive_avg_pool2d";
  return avg_pool_forward(kOp, adaptive_window(kOp, x, output), x);
}

}  // namespace stet
