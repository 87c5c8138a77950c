#include "stet/tensor/update.h"
#include "stet/tensor/contract.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/work.h"

namespace stet {

namespace {

void check(const char* op, const Tensor& gradient, const Tensor& value) {
  require_same_dtype(op, gradient, value);
  require_floating(op, value);
  if (gradient.shape() != value.shape()) {
    raise("{}: a gradient {} does not fit a parameter {}", op, gradient.shape().to_string(), value.shape().to_string());
  }
}

// Where the new value goes: over the old one if nobody else can see it.
Tensor target(const Tensor& old) {
  if (!old.defined()) return old;
  return old.is_unshared() && old.is_contiguous() ? old : Tensor::uninitialized(old.shape(), old.dtype(), old.device());
}

Tensor kernel_input(const Tensor& x) { return contiguous(x.detach()); }

// Calls a kernel with the tasks of each device, which stand side by side.
template <class Task> void run(const std::vector<Task>& tasks, Kernel<void(std::span<const Task>)> Kernels::*kernel) {
  for (size_t begin = 0, end = 0; begin < tasks.size(); begin = end) {
    const Device device = tasks[begin].gradient.device();
    while (end < tasks.size() && tasks[end].gradient.device() == device) add_work(8 * tasks[end++].gradient.elements());
    (backend(device).*kernel)(std::span(tasks).subspan(begin, end - begin));
  }
}

}  // namespace

void update(std::span<const SgdUpdate> updates) {
  for (const SgdUpdate& u : updates) {
    check("sgd", u.gradient, u.parameter);
    if (u.momentum.defined()) check("sgd", u.gradient, u.momentum);
  }
  std::vector<SgdTask> tasks;
  tasks.reserve(updates.size());
  for (const SgdUpdate& u : updates) {
    const SgdTask::Values to{target(u.parameter), target(u.momentum)};
    tasks.push_back({u.step, kernel_input(u.gradient), {u.parameter, u.momentum}, to});
  }
  run(tasks, &Kernels::sgd);
  for (size_t i = 0; i < tasks.size(); ++i) {
    updates[i].parameter = std::move(tasks[i].to.parameter);
    updates[i].momentum = std::move(tasks[i].to.momentum);
  }
}

void update(std::span<const AdamUpdate> updates) {
  for (const AdamUpdate& u : updates) {
    for (const Tensor* value : {&u.parameter, &u.mean, &u.square}) check("adam", u.gradient, *value);
  }
  std::vector<AdamTask> tasks;
  tasks.reserve(updates.size());
  for (const AdamUpdate& u : updates) {
    const AdamTask::Values to{target(u.parameter), target(u.mean), target(u.square)};
    tasks.push_back({u.step, kernel_input(u.gradient), {u.parameter, u.mean, u.square}, to});
  }
  run(tasks, &Kernels::adam);
  for (size_t i = 0; i < tasks.size(); ++i) {
    updates[i].parameter = std::move(tasks[i].to.parameter);
    updates[i].mean = std::move(tasks[i].to.mean);
    updates[i].square = std::move(tasks[i].to.square);
  }
}

Tensor clip_norm(std::span<Tensor* const> gradients, double max_norm) {
  const Tensor& first = *gradients.front();
  const auto alike = [&](const Tensor* g) { return g->dtype() == first.dtype() && g->device() == first.device(); };
  if (!std::all_of(gradients.begin(), gradients.end(), alike)) return composed::clip_norm(gradients, max_norm);
  std::vector<Tensor> from, to;
  from.reserve(gradients.size());
  to.reserve(gradients.size());
  for (const Tensor* g : gradients) {
    add_work(16 * g->elements());
    to.push_back(target(*g));
    from.push_back(kernel_input(*g));
  }
  Tensor norm = Tensor::uninitialized({}, first.dtype(), first.device());
  backend(norm.device()).clip_norm(max_norm, from, to, norm);
  for (size_t i = 0; i < to.size(); ++i) *gradients[i] = std::move(to[i]);
  return norm;
}

namespace composed {

namespace {

// In the first's dtype.
Tensor norm_of(std::span<Tensor* const> gradients, double scale) {
  const Tensor& first = *gradients.front();
  Tensor total = zeros({}, first.dtype(), first.device());
  for (const Tensor* g : gradients) total = total + sum(square(*g * scale)).to(total.dtype()).to(total.device());
  return sqrt(total);
}

}  // namespace

Tensor clip_norm(std::span<Tensor* const> gradients, double max_norm) {
  const auto is_double = [](const Tensor* g) { return g->dtype() == DType::float64; };
  const double scale = std::all_of(gradients.begin(), gradients.end(), is_double) ? contract::kClipScale<double>
                                                                                  : double{contract::kClipScale<float>};
  Tensor norm = norm_of(gradients, 1);
  if (!std::isinf(norm.item<double>())) {
    const Tensor factor = minimum(max_norm / (norm + contract::kClipEpsilon), ones({}, norm.dtype(), norm.device()));
    for (Tensor* g : gradients) *g = *g * factor.to(g->dtype()).to(g->device());
    return norm;
  }
  norm = norm_of(gradients, scale);
  const Tensor factor = max_norm / norm;
  if (factor.item<double>() < 1 / scale) {
    for (Tensor* g : gradients) *g = (*g * scale) * factor.to(g->dtype()).to(g->device());
  }
  return norm / scale;
}

}  // namespace composed
}  // namespace stet
