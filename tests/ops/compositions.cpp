// Ops composed of views, selections and products: parts, repetition, order, choice, einsum, windows.
#include "ops/case.h"

namespace stet::testing {
namespace {

std::vector<DigestInputs> digest_of(const Shapes& shapes) {
  return {{shapes}, {shapes, Numbers::special, DType::float64}};
}

// x [5, 7, 33] or [3, 7, 9]; [2, 7, 3] where gradients are checked.
OpCase& row(Table& t, const char* name, std::function<Tensor(const Tensor&)> op) {
  return t.add(name, [op = std::move(op)](auto& x) { return op(x[0]); })
      .digest({{{{5, 7, 33}}}, {{{3, 7, 9}}, Numbers::special, DType::float64}})
      .smooth_at({{2, 7, 3}});
}

// Of images of another shape.
OpCase& row_at(Table& t, const char* name, const Shape& shape, std::function<Tensor(const Tensor&)> op) {
  return row(t, name, std::move(op)).digest(digest_of({shape})).smooth_at({shape});
}

Tensor vector_of(const Tensor& x, int64_t begin, int64_t end) { return flatten(x).slice(0, begin, end); }

void add_parts(Table& t) {
  row(t, "split.sizes", [](auto& x) {
    const auto [a, b] = split(x, {3, 4}, 1);
    return concatenate({b, a * a}, 1);
  });
  row(t, "split.uneven", [](auto& x) { return split(x, 3, 1)[0] * split(x, 3, 1)[2]; });
  row(t, "chunk", [](auto& x) {
    const auto [a, b, c] = chunk<3>(x, 1);
    return a * b * c;
  });
  row(t, "unbind", [](auto& x) { return unbind(x, 1)[1] * x.template unbind<7>(1)[6]; });
}

// x [2, n, 1, 3, n, 2] times over and added up again: the gradient of repeat(x, {2, 1, 3, 2}).
Arrays added_up(const Array<float>& g, const Arrays& x) {
  const Shape& s = x[0].shape;
  Array<float> y = reference::sum(Array<float>{{2, 1, 1, s[0], 3, s[1], 2, s[2]}, g.values}, {0, 2, 4, 6});
  y.shape = s;
  return {y};
}

void add_repetition(Table& t) {
  row(t, "expand", [](auto& x) { return expand(x.slice(1, 0, 1), {2, -1, 7, -1}); });
  row(t, "expand_as", [](auto& x) { return expand_as(x.slice(2, 1, 2), x) * x; });
  row(t, "repeat",
      [](auto& x) {
        return repeat(x, {2, 1, 3, 2});
      })
      .gradient_equals(added_up, {{{1, 2, 3}}, {{3, 5, 33}}, {{2, 65, 7}}})
      .edges_at({{{2, 0, 3}}, {{1, 1, 1}}});
  row(t, "tile", [](auto& x) { return tile(x, {2, 3}); });
  row(t, "tile.more", [](auto& x) { return x.repeat({1, 1, 1, 1}) * tile(x, {1, 1, 1}); }).of({"tile", "repeat"});
  row(t, "repeat_interleave", [](auto& x) { return repeat_interleave(x, 3, 1); }).edges_at({{{2, 0, 3}}, {{1, 1, 1}}});
  row(t, "repeat_interleave.flat", [](auto& x) { return repeat_interleave(x, 2); });
  row(t, "repeat_interleave.counts", [](auto& x) {
    return repeat_interleave(x, Tensor::from(std::vector<int64_t>{2, 0, 1, 3, 0, 0, 1}).to(x.device()), 1);
  });
  row(t, "meshgrid", [](auto& x) {
    const auto [i, j] = meshgrid({vector_of(x, 0, 6), vector_of(x, 7, 12)});
    return i * j + i;
  });
  row(t, "meshgrid.xy", [](auto& x) {
    const auto [i, j, k] = meshgrid({vector_of(x, 0, 6), vector_of(x, 7, 12), vector_of(x, 1, 3)}, Indexing::xy);
    return i * j - k;
  });
}

void add_choices(Table& t) {
  row(t, "where.numbers", [](auto& x) { return where(x > 0.3, 2, where(x < -0.3, x * x, 0.5)); });
  row(t, "masked_fill", [](auto& x) { return masked_fill(x, x[0] > 0.3, -3); });
  row(t, "masked_select", [](auto& x) { return masked_select(x * x, x[0] > 0.3); });
  t.add("clamp.tensors", [](auto& x) { return clamp(x[0], x[1], x[2]); })
      .digest(digest_of({{5, 33}, {33}, {5, 1}}))
      .smooth_at({{3, 4}, {4}, {3, 1}});
  t.unary(
       "clamp_min", [](auto& x) { return clamp_min(x, -0.5); }, [](float x) { return reference::maximum(x, -0.5f); },
       [](float g, float x) { return x >= -0.5f ? g : 0.0f; })
      .equal_at(few_sizes());
  t.unary(
       "clamp_max", [](auto& x) { return clamp_max(x, 0.25); }, [](float x) { return reference::minimum(x, 0.25f); },
       [](float g, float x) { return x <= 0.25f ? g : 0.0f; })
      .equal_at(few_sizes());
  t.add("clamp_min.tensor", [](auto& x) { return clamp_min(x[0], x[1]); })
      .digest(digest_of({{5, 33}, {33}}))
      .smooth_at({{3, 4}, {4}});
  t.add("clamp_max.tensor", [](auto& x) { return clamp_max(x[0], x[1]); })
      .digest(digest_of({{5, 33}, {33}}))
      .smooth_at({{3, 4}, {4}});
  row(t, "tril", [](auto& x) { return tril(x); }).edges_at({{{2, 0, 3}}, {{1, 1}}});
  row(t, "tril.below", [](auto& x) { return tril(x * x, -2); });
  row(t, "triu", [](auto& x) { return triu(x, 1); }).edges_at({{{2, 3, 0}}, {{1, 1}}});
}

void add_orders(Table& t) {
  row(t, "flip", [](auto& x) { return flip(x, {1, -1}); }).edges_at({{{2, 0, 3}}, {{1, 1, 1}}});
  row(t, "flip.all", [](auto& x) { return flip(x, {}) * x; });
  row(t, "roll", [](auto& x) { return roll(x, -2, 1); }).edges_at({{{2, 0, 3}}, {{1, 1}}});
  row(t, "roll.axes", [](auto& x) { return roll(x, {1, 30, -1}, {0, 1, 2}); });
  row(t, "movedim", [](auto& x) { return contiguous(movedim(x, 0, -1)) * movedim(x, {2, 0}, {1, 2}); });
  row(t, "swapaxes", [](auto& x) { return contiguous(swapaxes(x, 0, -1)); });
  row(t, "diagonal", [](auto& x) { return diagonal(x) * x.diagonal(-1)(0, {0, 1}); });
  row(t, "diagonal.far", [](auto& x) { return diagonal(x.transpose(0, 1), 2); }).undigested();
  row(t, "diag", [](auto& x) {
    return matmul(diag(vector_of(x, 0, 7)), diag(diag(x[0], -2), 2));
  }).smooth_at({{2, 7, 6}});
}

void add_pads(Table& t) {
  row(t, "pad.reflect", [](auto& x) { return pad(x, {{2, 6}, {1, 2}}, Padding::reflect); });
  row(t, "pad.replicate", [](auto& x) { return pad(x, {{1, 0}, {2, 9}, {1, 1}}, Padding::replicate); });
  row(t, "pad.circular", [](auto& x) { return pad(x, {{7, 1}, {0, 3}}, Padding::circular); });
}

// The composition stands for the equation: the same products and sums in the same order.
OpCase& einsum_row(Table& t, const char* name, const char* equation, std::function<Tensor(const Tensors&)> composition,
                   const Shapes& small, const std::vector<Shapes>& sizes) {
  std::vector<DigestInputs> digested;
  for (const Shapes& shapes : sizes) digested.push_back({shapes, Numbers::wide});
  return t.add(name, [=](auto& x) { return einsum(equation, x); })
      .composed_as(std::move(composition), sizes)
      .smooth_at(small)
      .digest(std::move(digested));
}

void add_einsum(Table& t) {
  einsum_row(t, "einsum", "bij,bjk->bik", [](auto& x) { return matmul(x[0], x[1]); }, {{2, 3, 2}, {2, 2, 3}},
             {{{3, 5, 600}, {3, 600, 7}}, {{2, 0, 3}, {2, 3, 4}}, {{2, 3, 0}, {2, 0, 4}}});
  einsum_row(t, "einsum.scores", "bihd, bjhd -> bhij",
             [](auto& x) {
               return matmul(x[0].transpose(1, 2), x[1].permute({0, 2, 3, 1}));
             },
             {{1, 2, 2, 3}, {1, 3, 2, 3}}, {{{2, 7, 3, 5}, {2, 9, 3, 5}}});
  einsum_row(t, "einsum.implied", "...ij,jk",
             [](auto& x) {
               return matmul(x[0].flatten(0, 1), x[1]).reshape({x[0].size(0), x[0].size(1), x[1].size(1)});
             },
             {{2, 3, 2}, {2, 3}}, {{{3, 5, 33}, {33, 7}}});
  einsum_row(t, "einsum.three", "ab,bc,cd->da", [](auto& x) { return matmul(matmul(x[0], x[1]), x[2]).transpose(); },
             {{2, 3}, {3, 2}, {2, 4}}, {{{5, 33}, {33, 7}, {7, 9}}});
  einsum_row(t, "einsum.outer", "i,j->ij", [](auto& x) { return x[0].unsqueeze(1) * x[1]; }, {{3}, {4}}, {{{5}, {33}}});
  einsum_row(t, "einsum.trace", "...ii->...", [](auto& x) { return sum(diagonal(x[0]), -1); }, {{2, 3, 3}},
             {{{5, 33, 33}}});
  einsum_row(t, "einsum.alone", "ijk,kl->l",
             [](auto& x) {
               return matmul(sum(x[0], {0, 1}), x[1]);
             },
             {{2, 2, 3}, {3, 2}}, {{{3, 5, 33}, {33, 7}}});
  einsum_row(t, "einsum.two_contracted", "ijk,ljk->il",
             [](auto& x) { return matmul(x[0].flatten(1), x[1].flatten(1).transpose()); }, {{2, 2, 3}, {3, 2, 3}},
             {{{3, 5, 130}, {4, 5, 130}}});
  einsum_row(t, "outer", "", [](auto& x) { return x[0].unsqueeze(1) * x[1]; }, {{3}, {4}}, {{{5}, {33}}, {{0}, {3}}})
      .op = [](auto& x) { return outer(x[0], x[1]); };
}

// Columns [N, C·3·2, OH·OW] added up in a plane of 5 by 6, in ascending tap and then window.
Tensor folded(const Tensor& columns) {
  std::vector<int64_t> index;
  for (int64_t tap = 0; tap < 6; ++tap) {
    for (int64_t window = 0; window < 18; ++window) {
      const int64_t row = tap / 2 + 2 * (window / 6), column = 2 * (tap % 2) + window % 6;
      index.push_back(row * 8 + column);
    }
  }
  const int64_t n = columns.size(0), channels = columns.size(1) / 6;
  const Tensor places = Tensor::adopt(std::move(index), {6 * 18}).to(columns.device());
  const Tensor flat = columns.reshape({n, channels, 6 * 18});
  return scatter_add(flat, 2, broadcast_to(places, flat.shape()), 7 * 8)
      .reshape({n, channels, 7, 8})
      .slice(2, 1, 6)
      .slice(3, 1, 7);
}

void add_windows(Table& t) {
  const UnfoldOptions options{.stride = {2, 1}, .padding = {1, 1}, .dilation = {1, 2}};
  row_at(t, "unfold", {2, 3, 5, 6}, [](auto& x) {
    return unfold(x, {2, 3});
  }).edges_at({{{0, 2, 3, 4}}, {{2, 0, 3, 4}}});
  row_at(t, "unfold.padded", {1, 2, 5, 6}, [=](auto& x) { return unfold(x, {3, 2}, options); });
  row_at(t, "fold", {2, 6, 18}, [=](auto& x) {
    return fold(x, {5, 6}, {3, 2}, options);
  }).composed_as([](auto& x) { return folded(x[0]); }, {{{2, 12, 18}}, {{1, 6, 18}}, {{0, 6, 18}}, {{2, 0, 18}}});
  row_at(t, "pixel_shuffle", {2, 8, 3, 2}, [](auto& x) {
    return pixel_shuffle(x, 2);
  }).edges_at({{{0, 4, 2, 3}}, {{4, 0, 3}}});
  row_at(t, "pixel_unshuffle", {2, 2, 4, 6}, [](auto& x) { return pixel_unshuffle(x, 2); });
}

Tensor int64s(const Tensor& x, std::vector<int64_t> values, const Shape& shape) {
  return Tensor::adopt(std::move(values), shape).to(x.device());
}

void add_indices(Table& t) {
  row(t, "index.views", [](auto& x) {
    return x({0, 2}, {}, -1) * x(1, {0, to_end, 3}, new_axis, 2).squeeze(1)[0];
  }).of({});
  row(t, "index.ellipsis", [](auto& x) { return x(ellipsis, 0) + x.index({ellipsis, {0, 1}, -1}); }).of({});
  row(t, "index.rows", [](auto& x) { return x[int64s(x, {1, 0, -1, 1}, {2, 2})]; }).of({});
  row(t, "index.pairs", [](auto& x) { return x(int64s(x, {0, 1, 1}, {3}), int64s(x, {-1, 2, 2}, {3})); }).of({});
  row(t, "index.apart", [](auto& x) { return x(int64s(x, {0, 1}, {2, 1}), {1, 5}, int64s(x, {2, 0, 1}, {3})); }).of({});
  row(t, "index.mask", [](auto& x) { return x[x(ellipsis, 0) > 0.3]; }).of({});
  row(t, "index.axis_mask", [](auto& x) { return x({}, x(0, {}, 0) > 0.1, {0, 2}); }).of({});
}

void add_ranges(Table& t) {
  row(t, "arange", [](auto& x) { return x * arange(-1, 0.9, 0.3, x.dtype()).to(x.device()).unsqueeze(1); });
  row(t, "arange.integers", [](auto& x) { return x * arange(20, -1, -3).to(x.dtype()).to(x.device()).unsqueeze(1); });
  row(t, "linspace", [](auto& x) { return x * linspace(-0.7, 1.1, x.size(-1), x.dtype()).to(x.device()); });
}

void add_assignments(Table& t) {
  row(t, "assigned", [](auto& x) {
    Tensor y = x;
    y += x;
    y *= x;
    y -= 3;
    y /= 2;
    return y;
  }).of({});
}

}  // namespace

void add_compositions(Table& t) {
  for (auto add : {add_parts, add_repetition, add_choices, add_orders, add_pads, add_einsum, add_windows, add_indices,
                   add_ranges, add_assignments}) {
    add(t);
  }
}

}  // namespace stet::testing
