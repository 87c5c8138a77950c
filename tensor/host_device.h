// Marks functions that run on the CPU and in kernels of a GPU alike.
#pragma once

#ifdef __CUDACC__
#define STET_HOST_DEVICE __host__ __device__
#else
#define STET_HOST_DEVICE
#endif
