// The kernel for a GPU that is emulated on the CPU.
#include "gpu_peak.cu"
