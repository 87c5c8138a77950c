// Stable order of rows: elements are told apart by their key and then by their index, so that any way to sort gives one
// result.
#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/sort_key.h"

namespace stet::cpu_kernels {
namespace {

template <class Key> struct Item {
  Key key;
  int64_t index;
  bool operator<(const Item& other) const { return key != other.key ? key < other.key : index < other.index; }
};

// Counting sorts by one byte of the key after another, the lowest first; each keeps the order of equals, which is that
// of indices to begin with. `spare` is as long as `items`, and either may hold the result.
template <class Key>
const std::vector<Item<Key>>& sort_by_bytes(std::vector<Item<Key>>& items, std::vector<Item<Key>>& spare) {
  std::vector<Item<Key>>*from = &items, *to = &spare;
  for (size_t shift = 0; shift < 8 * sizeof(Key); shift += 8) {
    const auto byte = [shift](const Item<Key>& item) { return static_cast<size_t>(item.key >> shift & 255); };
    std::array<size_t, 257> begins{};
    for (const auto& item : *from) ++begins[byte(item) + 1];
    if (begins[byte(from->front()) + 1] == from->size()) continue;  // all have this byte
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    for (const auto& item : *from) (*to)[begins[byte(item)]++] = item;
    std::swap(from, to);
  }
  return *from;
}

constexpr int64_t kManyElements = 1024;  // for which counting costs less than comparisons

template <class T> void order_rows(const T* x, int64_t rows, int64_t n, int64_t k, bool descending, int64_t* y) {
  using One = Item<SortKey<T>>;
  std::vector<One> items(static_cast<size_t>(n)), spare(static_cast<size_t>(n < kManyElements ? 0 : n));
  for (int64_t row = 0; row < rows; ++row, x += n, y += k) {
    for (int64_t i = 0; i < n; ++i) items[static_cast<size_t>(i)] = {sort_key(x[i], descending), i};
    const std::vector<One>* sorted = &items;
    if (k < n) std::partial_sort(items.begin(), items.begin() + k, items.end());
    else if (n < kManyElements) std::sort(items.begin(), items.end());
    else sorted = &sort_by_bytes(items, spare);
    for (int64_t i = 0; i < k; ++i) y[i] = (*sorted)[static_cast<size_t>(i)].index;
  }
}

}  // namespace

void argsort(const Tensor& x, bool descending, const Tensor& index) {
  const int64_t n = x.size(1), k = index.size(1);
  visit_dtype(x.dtype(), [&]<class T>(T) {
    parallel_for(x.size(0), std::max<int64_t>(1, kElementGrain / (8 * n)), [&](int64_t begin, int64_t end) {
      order_rows(x.data_as<T>() + begin * n, end - begin, n, k, descending,
                 index.mutable_data_as<int64_t>() + begin * k);
    });
  });
}

}  // namespace stet::cpu_kernels
