#include "stet/cuda/matmul_kernel.h"

namespace stet::cuda_kernels {

template void launch_product<Tile128x128>(cuda::Queue&, const Product<float>&, const ProductPlan&);

}  // namespace stet::cuda_kernels
