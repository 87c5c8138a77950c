#include "stet/nn/embedding.h"

#include <algorithm>
#include <vector>

#include "stet/nn/init.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {
namespace {

// Counted from the front.
std::optional<int64_t> row_of(const char* layer, std::optional<int64_t> padding, int64_t count) {
  if (!padding) return std::nullopt;
  const int64_t row = *padding < 0 ? *padding + count : *padding;
  if (row < 0 || row >= count) raise("{}: padding_idx {} is none of its {} rows", layer, *padding, count);
  return row;
}

// The row at 0, a constant.
Tensor without_row(const Tensor& weight, int64_t row) {
  const Tensor at = one_hot(Tensor::from<int64_t>({row}), weight.size(0), weight.dtype()).reshape({-1, 1});
  return stet::where(at > 0, zeros({}, weight.dtype()), weight);
}

// rows [.., width] as they are; to gradients those where `kept` is false are constants.
Tensor constant_unless(const Tensor& kept, const Tensor& rows) {
  return function("embedding", {rows}, rows.detach(), [kept](const Tensor& g) {
    return std::vector<Tensor>{stet::where(kept.unsqueeze(-1), g, zeros({}, g.dtype(), g.device()))};
  });
}

}  // namespace

Embedding::Embedding(int64_t count, int64_t width, const Rng& rng, const EmbeddingOptions& options) {
  if (count <= 0 || width <= 0) raise("Embedding({}, {}): both extents must be positive", count, width);
  padding_ = row_of("Embedding", options.padding_idx, count);
  const Rng path = rng / "weight";
  const Tensor drawn = init::normal({count, width}, path, 0, 1, options.dtype);
  weight = Parameter(padding_ ? without_row(drawn, *padding_) : drawn, path.path());
}

Tensor Embedding::operator()(const Tensor& index) const {
  if (index.dtype() != DType::int64) {
    raise("{}: takes indices as int64, not {}; convert them with to(DType::int64)", describe(), name_of(index.dtype()));
  }
  std::vector<int64_t> dims = index.shape().dims();
  dims.push_back(weight.shape()[1]);
  try {
    const Tensor flat = index.reshape({-1}), rows = index_select(weight, 0, flat);
    return (padding_ ? constant_unless(flat != *padding_, rows) : rows).reshape(std::move(dims));
  } catch (const DataError& e) { raise<DataError>("{}: {}", describe(), e.what()); }
}

void Embedding::members(Visitor& v) {
  v("weight", weight);
  if (padding_) v.hyper("padding_idx", *padding_);
}

std::string Embedding::describe() const {
  return fmt::format("Embedding({}, {}{})", weight.shape()[0], weight.shape()[1],
                     padding_ ? fmt::format(", padding {}", *padding_) : "");
}

EmbeddingBag::EmbeddingBag(int64_t count, int64_t width, const Rng& rng, const EmbeddingBagOptions& options)
    : embedding(count, width, rng, {.padding_idx = options.padding_idx, .dtype = options.dtype}),
      mode_(options.mode),
      padding_(row_of("EmbeddingBag", options.padding_idx, count)) {}

Tensor EmbeddingBag::bags(const Tensor& index, const Tensor& bag, int64_t count) const {
  const Tensor rows = embedding(index);
  const int64_t width = embedding.weight.shape()[1];
  const auto by_bag = [&](const Tensor& of) {
    return scatter_add(of, 0, broadcast_to(bag.unsqueeze(1), of.shape()), count);
  };
  const Tensor kept = (padding_ ? index != *padding_ : index == index).to(rows.dtype()).unsqueeze(1);
  // A padding's row is 0 unless the program set it, and takes no part all the same.
  const Tensor total = by_bag(padding_ ? stet::where(kept > 0, rows, zeros({}, rows.dtype(), rows.device())) : rows);
  if (mode_ == Bag::sum) return total;
  const Tensor held = by_bag(kept);
  return total / broadcast_to(maximum(held, ones({}, held.dtype(), held.device())), {count, width});
}

Tensor EmbeddingBag::operator()(const Tensor& index) const {
  if (index.rank() != 2) {
    raise("{}: takes [B, L], not {}; give offsets for bags of several sizes", describe(), index.shape().to_string());
  }
  const int64_t count = index.size(0), length = index.size(1);
  const Tensor bag = broadcast_to(arange(count).to(index.device()).unsqueeze(1), {count, length}).reshape({-1});
  return bags(index.reshape({-1}), bag, count);
}

Tensor EmbeddingBag::operator()(const Tensor& index, const Tensor& offsets) const {
  if (index.rank() != 1 || offsets.rank() != 1 || offsets.dtype() != DType::int64) {
    raise("{}: takes indices [n] and offsets int64 [B], not {} and {} {}", describe(), index.shape().to_string(),
          name_of(offsets.dtype()), offsets.shape().to_string());
  }
  const std::vector<int64_t> begins = offsets.to(cpu).to_vector<int64_t>();
  std::vector<int64_t> bag(static_cast<size_t>(index.elements()));
  for (size_t b = 0; b < begins.size(); ++b) {
    const int64_t end = b + 1 < begins.size() ? begins[b + 1] : index.elements();
    if ((b == 0 && begins[b] != 0) || begins[b] > end || end > index.elements()) {
      raise<DataError>("{}: offsets begin with 0 and never descend, up to the {} indices; bag {} is {} to {}",
                       describe(), index.elements(), b, begins[b], end);
    }
    std::fill(bag.begin() + begins[b], bag.begin() + end, static_cast<int64_t>(b));
  }
  if (begins.empty() && index.elements() > 0) {
    raise<DataError>("{}: {} indices without a bag", describe(), index.elements());
  }
  return bags(index, Tensor::from(bag).to(index.device()), offsets.size(0));
}

void EmbeddingBag::members(Visitor& v) {
  embedding.members(v);
  v.hyper("mode", mode_ == Bag::sum ? "sum" : "mean");
}

std::string EmbeddingBag::describe() const {
  const Shape& s = embedding.weight.shape();
  return fmt::format("EmbeddingBag({}, {}, {}{})", s[0], s[1], mode_ == Bag::sum ? "sum" : "mean",
                     padding_ ? fmt::format(", padding {}", *padding_) : "");
}

}  // namespace stet::nn
