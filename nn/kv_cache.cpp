#include "stet/nn/kv_cache.h"

#include <utility>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

KvCache::KvCache(int64_t layers, int64_t batch, int64_t capacity) : batch_(batch), capacity_(capacity) {
  if (layers < 1 || batch < 1 || capacity < 1) {
    raise("KvCache({}, {}, {}): all extents must be positive", layers, batch, capacity);
  }
  for (int64_t i = 0; i < layers; ++i) layers_.emplace_back(batch, capacity);
}

KvCache::Layer& KvCache::operator[](int64_t i) {
  if (i < 0 || i >= static_cast<int64_t>(layers_.size())) raise("KvCache of {} layers: no layer {}", layers_.size(), i);
  return layers_[static_cast<size_t>(i)];
}

void KvCache::clear() {
  // Memory that a view may still show is left to it.
  for (Layer& layer : layers_) layer = Layer(batch_, capacity_);
}

void KvCache::truncate(int64_t length) {
  if (length < 0) raise("KvCache: can't keep {} positions", length);
  if (length == 0) return clear();
  for (Layer& layer : layers_) layer.truncate(length);
}

KvCache::Pair KvCache::Layer::append(const Tensor& keys, const Tensor& values) {
  for (const Tensor* x : {&keys, &values}) {
    if (x->rank() != 4 || x->size(0) != batch_ || x->size(2) != keys.size(2)) {
      raise("KvCache: takes keys and values [{}, heads, t, D], not {} and {}", batch_, keys.shape().to_string(),
            values.shape().to_string());
    }
    if (x->has_gradient()) raise("KvCache: keeps values alone; call the network under Evaluation or NoGrad");
  }
  if (length_ + keys.size(2) > capacity_) {
    raise("KvCache: {} more positions don't fit beside {} of {}", keys.size(2), length_, capacity_);
  }
  leave_to_views(keys_);
  leave_to_views(values_);
  const Pair all = {store(keys_, keys), store(values_, values)};
  shown_ = length_ += keys.size(2);
  return all;
}

// Positions that were forgotten may be shown by views still: the ones that are kept move to memory of their own.
void KvCache::Layer::leave_to_views(Tensor& all) const {
  if (shown_ <= length_ || !all.defined() || all.is_unshared()) return;
  const Tensor before = std::exchange(all, Tensor::uninitialized(all.shape(), all.dtype(), all.device()));
  const Shape kept{length_, all.size(1), all.size(2), all.size(3)};
  backend(all.device()).copy(before.view(kept, before.strides(), 0), all.view(kept, all.strides(), 0));
}

Tensor KvCache::Layer::store(Tensor& all, const Tensor& x) const {
  const int64_t heads = x.size(1), added = x.size(2), width = x.size(3), position = batch_ * heads * width;
  if (!all.defined()) all = Tensor::uninitialized({capacity_, batch_, heads, width}, x.dtype(), x.device());
  if (all.shape() != Shape{capacity_, batch_, heads, width} || all.dtype() != x.dtype() || all.device() != x.device()) {
    raise("KvCache: holds {} {} on {}, not {} {} on {}", name_of(all.dtype()), all.shape().to_string(),
          all.device().to_string(), name_of(x.dtype()), x.shape().to_string(), x.device().to_string());
  }
  // No view shows positions from length_ on.
  backend(x.device())
      .copy(permute(x, {2, 0, 1, 3}),
            all.view({added, batch_, heads, width}, {position, heads * width, width, 1}, length_ * position));
  return all.view({batch_, heads, length_ + added, width}, {heads * width, width, position, 1}, 0);
}

}  // namespace stet::nn
