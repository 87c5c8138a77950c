// The order of sort, for every device.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "stet/tensor/host_device.h"

namespace stet {

template <class T> using SortKey = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

/// A number whose order is that of sort: NaN after every number, -0 equal to +0. Descending, the order is turned.
template <class T> STET_HOST_DEVICE inline SortKey<T> sort_key(T value, bool descending) {
  using Key = SortKey<T>;
  constexpr Key kTop = Key{1} << (8 * sizeof(Key) - 1);
  Key key;
  if constexpr (std::is_floating_point_v<T>) {
    const Key bits = std::bit_cast<Key>(value == T{0} ? T{0} : value);
    key = value != value ? ~Key{0} : (bits & kTop) != 0 ? ~bits : bits | kTop;
  } else if constexpr (std::is_signed_v<T>) {
    key = static_cast<Key>(value) ^ kTop;
  } else {
    key = static_cast<Key>(value);
  }
  return descending ? ~key : key;
}

}  // namespace stet
