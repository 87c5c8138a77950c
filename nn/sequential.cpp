#include "stet/nn/sequential.h"

#include "stet/tensor/error.h"

namespace stet::nn {

Sequential::Sequential(const Sequential& other) : Module(other) {
  for (const Entry& e : other.layers_) layers_.push_back({e.name, e.layer->clone()});
}

Sequential& Sequential::operator=(const Sequential& other) {
  if (this == &other) return *this;
  bool same = layers_.size() == other.layers_.size();
  for (size_t i = 0; same && i < layers_.size(); ++i) {
    same = layers_[i].name == other.layers_[i].name && layers_[i].layer->assign(*other.layers_[i].layer);
  }
  if (!same) *this = Sequential(other);
  return *this;
}

void Sequential::append(std::string name, std::unique_ptr<Holder> layer) {
  for (const Entry& e : layers_) {
    if (e.name == name) raise("Sequential: two layers are named '{}'; give each its own name", name);
  }
  layers_.push_back({std::move(name), std::move(layer)});
}

Tensor Sequential::operator()(const Tensor& x) {
  Tensor y = x;
  for (Entry& e : layers_) y = e.layer->call(y);
  return y;
}

void Sequential::members(Visitor& v) {
  for (Entry& e : layers_) {
    if (Stateful* s = e.layer->stateful()) v(e.name, *s);
  }
}

void Sequential::fail_get(size_t i) const {
  if (i >= layers_.size()) raise("Sequential: there is no layer {}; it has {}", i, layers_.size());
  raise("Sequential: layer {} has another type than was asked for", layers_[i].name);
}

}  // namespace stet::nn
