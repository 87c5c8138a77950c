#include "stet/tracking/record/checkpoint_digest.h"

#include <cstring>
#include <type_traits>

#include "stet/tensor/tensor.h"

namespace stet::tracking {
namespace {

Digest digest_of(const TensorEntry& entry) {
  const Tensor t = Tensor::uninitialized(Shape(entry.shape), entry.dtype);
  if (!entry.data.empty()) std::memcpy(t.mutable_data(), entry.data.data(), entry.data.size());
  return digest(entry.path, t);
}

Digest digest_of(const ScalarEntry& entry) {
  return std::visit(
      [&](const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) return digest_text(entry.path, value);
        else return digest(entry.path, value);
      },
      entry.value);
}

bool is_of_the_run(const ScalarEntry& scalar) { return scalar.path.starts_with("stet/"); }

}  // namespace

Digest run_digest(const std::vector<ScalarEntry>& scalars) {
  DigestSum sum;
  for (const ScalarEntry& scalar : scalars) {
    if (is_of_the_run(scalar)) sum.add(digest_of(scalar));
  }
  return sum.value();
}

Digest state_digest(const Checkpoint& checkpoint) {
  DigestSum sum;
  for (const TensorEntry& tensor : checkpoint.tensors) sum.add(digest_of(tensor));
  for (const ScalarEntry& scalar : checkpoint.scalars) {
    if (!is_of_the_run(scalar)) sum.add(digest_of(scalar));
  }
  return sum.value();
}

}  // namespace stet::tracking
