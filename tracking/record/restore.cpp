#include "stet/tracking/record/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <utility>

namespace stet::tracking {
namespace {

Tensor load(const TensorEntry& entry) {
  const Tensor t = Tensor::uninitialized(Shape(entry.shape), entry.dtype);
  if (!entry.data.empty()) std::memcpy(t.mutable_data(), entry.data.data(), entry.data.size());
  return t;
}

}  // namespace

Restore::Restore(const Checkpoint& checkpoint, bool apply, Device device) : apply_(apply), device_(device) {
  for (const auto& t : checkpoint.tensors) tensors_[t.path] = &t;
  for (const auto& s : checkpoint.scalars) {
    if (!s.path.starts_with("stet/")) scalars_[s.path] = &s;
  }
}

std::string Restore::differences() {
  for (const auto& [path, entry] : tensors_) {
    if (!seen_.contains(path)) extra_.push_back(path);
  }
  for (const auto& [path, entry] : scalars_) {
    if (!seen_.contains(path)) extra_.push_back(path);
  }
  std::string text;
  for (const auto& [what, names] :
       {std::pair("not in the checkpoint: ", &missing_), std::pair("only in the checkpoint: ", &extra_),
        std::pair("other shape or type: ", &misshapen_)}) {
    if (names->empty()) continue;
    text += (text.empty() ? "" : "; ") + std::string(what) + fmt::format("{}", fmt::join(*names, ", "));
  }
  return text;
}

template <class Entries>
auto Restore::find(const Entries& entries, const std::string& path) -> decltype(entries.begin()->second) {
  const auto it = entries.find(path);
  if (it == entries.end()) {
    missing_.push_back(path);
    return nullptr;
  }
  seen_.insert(path);
  return it->second;
}

void Restore::tensor(const std::string& path, TensorKind, const Tensor& value, const Setter& set) {
  const TensorEntry* entry = find(tensors_, path);
  if (entry == nullptr) return;
  if (entry->dtype != value.dtype() || entry->shape != value.shape().dims()) {
    misshapen_.push_back(fmt::format("{} is {} {} here and {} {} there", path, name_of(value.dtype()),
                                     value.shape().to_string(), name_of(entry->dtype),
                                     Shape(entry->shape).to_string()));
  } else if (apply_) {
    set(load(*entry).to(value.device()));
  }
}

void Restore::kept_tensor(const std::string& path, Tensor& value) {
  const auto it = tensors_.find(path);
  if (it != tensors_.end()) seen_.insert(path);
  if (apply_)
    value = it == tensors_.end() ? Tensor() : load(*it->second).to(value.defined() ? value.device() : device_);
}

void Restore::scalar(const std::string& path, ScalarRef ref) {
  const ScalarEntry* entry = find(scalars_, path);
  if (entry == nullptr) return;
  std::visit(
      [&](auto* p) {
        using T = std::remove_pointer_t<decltype(p)>;
        if constexpr (!StateVector<T>) {
          if (const auto* v = std::get_if<StoredAs<T>>(&entry->value)) {
            if (apply_) *p = static_cast<T>(*v);
          } else {
            misshapen_.push_back(path);
          }
        }
      },
      ref);
}

void Restore::vector(const std::string& path, ScalarRef ref) {
  const TensorEntry* entry = find(tensors_, path);
  if (entry == nullptr) return;
  std::visit(
      [&](auto* p) {
        using T = std::remove_pointer_t<decltype(p)>;
        if constexpr (StateVector<T>) {
          if (entry->dtype != dtype_of<typename T::value_type> || entry->shape.size() != 1) {
            misshapen_.push_back(path);
          } else if (apply_) {
            p->resize(static_cast<size_t>(entry->shape[0]));
            if (!entry->data.empty()) std::memcpy(p->data(), entry->data.data(), entry->data.size());
          }
        }
      },
      ref);
}

}  // namespace stet::tracking
