#include "stet/cuda/matmul_kernel.h"

namespace stet::cuda_kernels {

template void launch_product<Tile64x64>(cuda::Queue&, const Product<float>&, const ProductPlan&);
template void launch_product<Tile32x32>(cuda::Queue&, const Product<float>&, const ProductPlan&);
template void launch_product<Tile16x128>(cuda::Queue&, const Product<float>&, const ProductPlan&);
template void launch_product<TileDouble>(cuda::Queue&, const Product<double>&, const ProductPlan&);

}  // namespace stet::cuda_kernels
