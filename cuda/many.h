// One launch over many arrays: a network has many parameters, and most of them are small.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "stet/cuda/dialect.h"
#include "stet/cuda/queue.h"

namespace stet::cuda {

/// Arrays for a kernel, by value: as many as fit into the 4096 bytes of its parameters. A is what the kernel is to know
/// of one; A::elements is its length. Each block works on a piece of one array.
template <class A> struct Many {
  static constexpr int kMost = static_cast<int>((4096 - 128) / (sizeof(A) + sizeof(unsigned)));

  int count;
  unsigned ends[kMost];  // behind each array's blocks
  A arrays[kMost];

  struct Place {
    int array;
    int64_t piece;
  };
  __device__ __forceinline__ Place place() const {
    int low = 0;
    for (int high = count - 1; low < high;) {
      const int middle = (low + high) / 2;
      if (blockIdx.x < ends[middle]) high = middle;
      else low = middle + 1;
    }
    return {low, static_cast<int64_t>(low == 0 ? blockIdx.x : blockIdx.x - ends[low - 1])};
  }
};

/// Launches kernel(arrays, arguments...) over all the arrays, in one launch or a few. A block, of the grid's threads
/// and shared memory, takes a piece of so many elements.
template <class A, class... P>
void launch_many(Queue& queue, void (*kernel)(Many<A>, P...), int64_t piece, Grid grid, const std::vector<A>& arrays,
                 std::type_identity_t<P>... arguments) {
  Many<A> many{};
  int64_t blocks = 0;
  const auto launch = [&] {
    grid.blocks.x = blocks;
    queue.launch(kernel, grid, many, arguments...);
    blocks = many.count = 0;
  };
  for (const A& a : arrays) {
    const int64_t pieces = (a.elements + piece - 1) / piece;
    if (pieces == 0) continue;
    if (many.count == Many<A>::kMost || blocks + pieces > Grid::kMostX) launch();
    many.ends[many.count] = static_cast<unsigned>(blocks += pieces);
    many.arrays[many.count++] = a;
  }
  launch();
}

}  // namespace stet::cuda
