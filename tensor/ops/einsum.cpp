// Einstein sums as permutations, products and sums.
#include "stet/tensor/ops/einsum.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/products.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/ops/reorder.h"
#include "stet/tensor/ops/shape_ops.h"

namespace stet {
namespace {

// Indices are numbers: a letter's own, and from kEllipsis on the axes of "...", the last of them kEllipsis.
using Indices = std::vector<int>;
constexpr int kEllipsis = 256;

bool has(const Indices& all, int index) { return std::find(all.begin(), all.end(), index) != all.end(); }

// Of ASCII alone, whatever the locale.
bool is_letter(char c) { return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z'); }

// The tensor's axes by name, each once.
struct Operand {
  Tensor value;
  Indices indices;
};

class Equation {
 public:
  Equation(std::string_view text, std::span<const Tensor> tensors) : text_(text) {
    std::string letters(text);
    letters.erase(std::remove(letters.begin(), letters.end(), ' '), letters.end());
    const size_t arrow = letters.find("->");
    const std::vector<std::string> terms = split_at_commas(letters.substr(0, arrow));
    if (terms.size() != tensors.size()) fail(fmt::format("has {} operands, not {}", terms.size(), tensors.size()));
    for (size_t i = 0; i < terms.size(); ++i) read_operand(terms[i], tensors[i]);
    for (Operand& operand : operands) stretch(operand);
    output = arrow == std::string::npos ? implied_output() : read_output(letters.substr(arrow + 2));
  }

  std::vector<Operand> operands;
  Indices output;
  Indices order;  // of appearance

  // The members of `of` in order of appearance.
  Indices sorted(const Indices& of) const {
    Indices in_order;
    for (int index : order) {
      if (has(of, index)) in_order.push_back(index);
    }
    return in_order;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { raise("einsum: \"{}\" {}", text_, what); }

  static std::vector<std::string> split_at_commas(const std::string& text) {
    std::vector<std::string> parts(1);
    for (char c : text) {
      if (c == ',') parts.emplace_back();
      else parts.back() += c;
    }
    return parts;
  }

  // The term's indices, "..." standing for `rest` of them.
  Indices read(const std::string& term, int rest) const {
    Indices indices;
    for (size_t i = 0; i < term.size(); ++i) {
      if (term.compare(i, 3, "...") == 0) {
        for (int k = rest; k-- > 0;) indices.push_back(kEllipsis + k);
        i += 2;
      } else if (is_letter(term[i])) {
        indices.push_back(term[i]);
      } else {
        fail(fmt::format("has '{}', which is no index", term[i]));
      }
    }
    return indices;
  }

  void read_operand(const std::string& term, const Tensor& tensor) {
    require_floating("einsum", tensor);
    if (!operands.empty()) require_same_dtype("einsum", operands[0].value, tensor);
    const size_t dots = term.find("...");
    const bool spread = dots != std::string::npos;
    if (spread && term.find("...", dots + 3) != std::string::npos) fail("has \"...\" twice in an operand");
    const int named = static_cast<int>(term.size()) - (spread ? 3 : 0), rest = spread ? tensor.rank() - named : 0;
    const Indices indices = read(term, std::max(rest, 0));
    if (static_cast<int>(indices.size()) != tensor.rank() || rest < 0) {
      fail(fmt::format("has {} for shape {}", term.empty() ? "no index" : term, tensor.shape().to_string()));
    }
    for (int i = 0; i < tensor.rank(); ++i) note(indices[static_cast<size_t>(i)], tensor.size(i));
    spread_ = std::max(spread_, rest);
    operands.push_back(diagonals({tensor, indices}));
  }

  void note(int index, int64_t extent) {
    const auto [known, is_new] = extents_.emplace(index, extent);
    if (is_new) order.push_back(index);
    ++uses_[index];
    if (known->second == 1) known->second = extent;
    if (extent != 1 && extent != known->second) {
      fail(fmt::format("meets extents {} and {} in {}", known->second, extent,
                       index < kEllipsis ? fmt::format("'{}'", static_cast<char>(index)) : "\"...\""));
    }
  }

  // An index that stands twice becomes the last axis.
  static Operand diagonals(Operand x) {
    for (size_t i = 0; i < x.indices.size(); ++i) {
      for (size_t j = i + 1; j < x.indices.size(); ++j) {
        if (x.indices[i] != x.indices[j]) continue;
        const int a = static_cast<int>(i), b = static_cast<int>(j), index = x.indices[i];
        const int64_t n = std::max(x.value.size(a), x.value.size(b));
        std::vector<int64_t> dims = x.value.shape().dims();
        dims[i] = dims[j] = n;
        x.value = diagonal(movedim(broadcast_to(x.value, Shape(dims)), {a, b}, {-2, -1}));
        x.indices.erase(x.indices.begin() + b);
        x.indices.erase(x.indices.begin() + a);
        x.indices.push_back(index);
        return diagonals(std::move(x));
      }
    }
    return x;
  }

  void stretch(Operand& x) const {
    std::vector<int64_t> dims;
    for (int index : x.indices) dims.push_back(extents_.at(index));
    x.value = broadcast_to(x.value, Shape(std::move(dims)));
  }

  Indices implied_output() const {
    Indices all = read(spread_ > 0 ? "..." : "", spread_);
    for (const auto& [index, count] : uses_) {  // ascending
      if (index < kEllipsis && count == 1) all.push_back(index);
    }
    return all;
  }

  Indices read_output(const std::string& term) const {
    Indices all = read(term, spread_);
    for (size_t i = 0; i < all.size(); ++i) {
      if (!has(order, all[i])) fail(fmt::format("has '{}' in the result alone", static_cast<char>(all[i])));
      if (has(Indices(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end()), all[i])) {
        fail("names an index of the result twice");
      }
    }
    return all;
  }

  std::string_view text_;
  std::map<int, int64_t> extents_;
  std::map<int, int> uses_;
  int spread_ = 0;  // axes of "..."
};

// x with its axes in this order, and an axis of extent 1 for an index that it hasn't.
Tensor aligned(const Operand& x, const Indices& to) {
  std::vector<int> axes;
  for (int index : to) {
    const auto at = std::find(x.indices.begin(), x.indices.end(), index);
    if (at != x.indices.end()) axes.push_back(static_cast<int>(at - x.indices.begin()));
  }
  Tensor y = permute(x.value, std::move(axes));
  for (size_t i = 0; i < to.size(); ++i) {
    if (!has(x.indices, to[i])) y = y.unsqueeze(static_cast<int>(i));
  }
  return y;
}

// x summed over the indices that nobody needs.
template <class Needed> Operand reduced(Operand x, const Needed& needed) {
  std::vector<int> axes;
  Indices kept;
  for (size_t i = 0; i < x.indices.size(); ++i) {
    if (needed(x.indices[i])) kept.push_back(x.indices[i]);
    else axes.push_back(static_cast<int>(i));
  }
  if (axes.empty()) return x;
  return {sum(x.value, axes), kept};
}

Indices together(std::initializer_list<Indices> parts) {
  Indices all;
  for (const Indices& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::vector<int64_t> extents(const Tensor& x, size_t begin, size_t count) {
  const auto from = x.shape().begin() + static_cast<std::ptrdiff_t>(begin);
  return {from, from + static_cast<std::ptrdiff_t>(count)};
}

// x, whose axes are `batch` in number, then `rows`, then the rest, as matrices.
Tensor as_matrices(const Tensor& x, size_t batch, size_t rows) {
  std::vector<int64_t> dims = extents(x, 0, batch);
  const auto rank = static_cast<size_t>(x.rank());
  dims.push_back(elements_of(extents(x, batch, rows), "einsum"));
  dims.push_back(elements_of(extents(x, batch + rows, rank - batch - rows), "einsum"));
  return x.reshape(std::move(dims));
}

// The product of two, summed over the indices that both have and nobody needs later.
template <class Needed> Operand paired(const Equation& equation, Operand a, Operand b, const Needed& needed_later) {
  a = reduced(std::move(a), [&](int index) { return needed_later(index) || has(b.indices, index); });
  b = reduced(std::move(b), [&](int index) { return needed_later(index) || has(a.indices, index); });
  Indices batch, contracted, of_a, of_b;
  for (int index : equation.order) {
    const bool in_a = has(a.indices, index), in_b = has(b.indices, index);
    if (in_a && in_b) (needed_later(index) ? batch : contracted).push_back(index);
    else if (in_a) of_a.push_back(index);
    else if (in_b) of_b.push_back(index);
  }
  if (contracted.empty()) {
    const Indices all = equation.sorted(together({batch, of_a, of_b}));
    const Tensor right = aligned(b, all), left = aligned(a, all);
    return {left * right, all};
  }
  const Tensor left = aligned(a, together({batch, of_a, contracted}));
  const Tensor right = aligned(b, together({batch, contracted, of_b}));
  const Tensor product =
      matmul(as_matrices(left, batch.size(), of_a.size()), as_matrices(right, batch.size(), contracted.size()));
  std::vector<int64_t> dims = extents(left, 0, batch.size() + of_a.size());
  const std::vector<int64_t> last = extents(right, batch.size() + contracted.size(), of_b.size());
  dims.insert(dims.end(), last.begin(), last.end());
  return {product.reshape(std::move(dims)), together({batch, of_a, of_b})};
}

}  // namespace

Tensor einsum(std::string_view equation, std::span<const Tensor> tensors) {
  if (tensors.empty()) raise("einsum: no tensors were given");
  const Equation e(equation, tensors);
  Operand result = e.operands[0];
  for (size_t i = 1; i < e.operands.size(); ++i) {
    const auto needed_later = [&](int index) {
      const auto names = [&](const Operand& x) { return has(x.indices, index); };
      return has(e.output, index) ||
             std::any_of(e.operands.begin() + static_cast<std::ptrdiff_t>(i) + 1, e.operands.end(), names);
    };
    result = paired(e, std::move(result), e.operands[i], needed_later);
  }
  result = reduced(std::move(result), [&](int index) { return has(e.output, index); });
  return aligned(result, e.output);
}

Tensor einsum(std::string_view equation, std::initializer_list<Tensor> operands) {
  return einsum(equation, std::span(operands.begin(), operands.size()));
}

Tensor outer(const Tensor& a, const Tensor& b) {
  if (a.rank() != 1 || b.rank() != 1)
    raise("outer: takes two vectors, not {} and {}", a.shape().to_string(), b.shape().to_string());
  require_same_dtype("outer", a, b);
  require_countable("outer", Shape{a.size(0), b.size(0)}, a.dtype());
  return a.unsqueeze(1) * b;
}

}  // namespace stet
