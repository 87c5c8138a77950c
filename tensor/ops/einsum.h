// Sums of products by Einstein's convention.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "stet/tensor/tensor.h"

namespace stet {

/// `einsum("bhid,bhjd->bhij", {q, k})`: the sum of products over each index that the result doesn't have. An index is a
/// letter; "..." stands for axes that broadcast; one that stands twice in an operand is its diagonal. Without "->" the
/// result has "..." and then, by the alphabet, each index that stands once. An axis of extent 1 broadcasts. Operands
/// are float32 or float64, and meet in pairs from left to right.
Tensor einsum(std::string_view equation, std::span<const Tensor> operands);
Tensor einsum(std::string_view equation, std::initializer_list<Tensor> operands);
/// a[i]·b[j] of vectors, [n, m].
Tensor outer(const Tensor& a, const Tensor& b);

}  // namespace stet
