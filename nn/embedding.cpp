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
  std::vector<int64_t> dims = index.shape().dims();
  dims.push_back(weight.shape()[1]);
  return index_select(weight, 0, index.reshape({-1})).reshape(std::move(dims));
}

void Embedding::members(Visitor& v) { v("weight", weight); }

std::string Embedding::describe() const {
  return fmt::format("Embedding({}, {})", weight.shape()[0], weight.shape()[1]);
}

}  // namespace stet::nn
