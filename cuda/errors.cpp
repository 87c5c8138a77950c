#include "stet/cuda/errors.h"

#include "stet/cuda/fault.h"
#include "stet/tensor/error.h"

namespace stet::cuda {

void no_kernel(const Queue& queue, const char* what) {
  raise("{}: there is no kernel for device {} that keeps the numerics contract; run it on the CPU", what, queue.name());
}

void too_many_axes(int axes) {
  raise("cuda: a tensor has {} axes that don't lie side by side; use contiguous() first", axes);
}

void too_many_draws(int64_t elements) { raise("random: {} elements in one draw; 2^34 are possible", elements); }

namespace {

std::string megabytes(size_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

}  // namespace

void out_of_memory(const Queue& queue, size_t asked, size_t held, size_t free, size_t total) {
  raise<MemoryError>("{}: out of memory: {} asked for, {} held, {} of {} free; take a smaller batch or model",
                     queue.name(), megabytes(asked), megabytes(held), megabytes(free), megabytes(total));
}

void Queue::too_many_blocks(const Grid& grid) {
  raise("cuda: a kernel would take {} x {} x {} blocks, and a grid has at most {} x {} x {}; divide the tensors",
        grid.blocks.x, grid.blocks.y, grid.blocks.z, Grid::kMostX, Grid::kMostYZ, Grid::kMostYZ);
}

void throw_error(const Fault& fault) {
  if (fault.kind == Fault::division_by_zero) {
    const char* const divisions[] = {"div", "floor_divide", "remainder", "fmod"};
    raise<DataError>("{}: integer division by zero", divisions[fault.limit]);
  }
  if (fault.kind == Fault::multinomial) {
    raise<DataError>("multinomial: row {} has a weight that is negative or not finite, or too few that are above 0",
                     fault.position);
  }
  const char* const ops[] = {"div", "index_select", "index_add", "gather", "scatter_add", "one_hot", "scatter"};
  const long long last = fault.limit - 1;
  if (fault.kind == Fault::cross_entropy)
    raise<DataError>("cross_entropy: the target at position {} is not in 0 to {}", fault.position, last);
  raise<DataError>("{}: the index at position {} is not in 0 to {}", ops[fault.kind], fault.position, last);
}

}  // namespace stet::cuda
