// What an axis of a tensor is indexed with.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>

namespace stet {

class Tensor;

/// The end of a range that goes up to the axis's own: `x({2, to_end})`.
inline constexpr int64_t to_end = std::numeric_limits<int64_t>::max();

/// `x(ellipsis, 0)`: as many whole axes as the others leave.
struct Ellipsis {};
inline constexpr Ellipsis ellipsis{};
/// `x({}, new_axis)`: an axis of extent 1.
struct NewAxis {};
inline constexpr NewAxis new_axis{};

/// One of the indices of `x(...)`, which stand for axes from the first on:
/// - `3`, `-1`: a position, counted from the end where it is negative; the axis goes away.
/// - `{begin, end}`, `{begin, end, step}`: a range, as of slice().
/// - `{}`: the whole axis.
/// - an int64 tensor of positions. Several broadcast to one shape, whose axes stand in place of theirs, or come first
///   where other axes lie between.
/// - a bool tensor: the positions where it is true, of as many axes as it has.
class Index {
 public:
  enum class Kind { absent, whole, position, range, positions, rest, inserted };

  Index() = default;
  template <std::integral T>
  requires(!std::same_as<T, bool>) Index(T at) : kind(Kind::position), begin(static_cast<int64_t>(at)) {}  // NOLINT
  Index(int64_t from, int64_t to, int64_t by = 1) : kind(Kind::range), begin(from), end(to), step(by) {}
  Index(const Tensor& positions);           // NOLINT: indices read as they should
  Index(Ellipsis) : kind(Kind::rest) {}     // NOLINT
  Index(NewAxis) : kind(Kind::inserted) {}  // NOLINT
  /// No index at all, which x(...) takes for those that are left out.
  static Index absent() {
    Index index;
    index.kind = Kind::absent;
    return index;
  }

  Kind kind = Kind::whole;
  int64_t begin = 0, end = to_end, step = 1;
  std::shared_ptr<const Tensor> tensor;
};

}  // namespace stet
