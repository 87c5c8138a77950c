#include "stet/nn/embedding.h"

#include "stet/nn/init.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

Embedding::Embedding(int64_t count, int64_t width, const Rng& rng, const EmbeddingOptions& options) {
  if (count <= 0 || width <= 0) raise("Embedding({}, {}): both extents must be positive", count, width);
  const Rng path = rng / "weight";
  weight = Parameter(init::normal({count, width}, path, 0, 1, options.dtype), path.path());
}

Tensor Embedding::operator()(const Tensor& index) const {
  if (index.dtype() != DType::int64) {
    raise("{}: takes indices as int64, not {}; convert them with to(DType::int64)", describe(), name_of(index.dtype()));
  }
  std::vector<int64_t> dims = index.shape().dims();
  dims.push_back(weight.shape()[1]);
  try {
    return index_select(weight, 0, index.reshape({-1})).reshape(std::move(dims));
  } catch (const DataError& e) { raise<DataError>("{}: {}", describe(), e.what()); }
}

void Embedding::members(Visitor& v) { v("weight", weight); }

std::string Embedding::describe() const {
  return fmt::format("Embedding({}, {})", weight.shape()[0], weight.shape()[1]);
}

}  // namespace stet::nn
