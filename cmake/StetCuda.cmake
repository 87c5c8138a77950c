# Looks for the CUDA toolkit when STET_CUDA is on, and says plainly what was found.
# STET_CUDA_MISSING holds the reason that `--device cuda` gives where there is no CUDA backend.

option(STET_CUDA "Build the CUDA backend" OFF)
if(NOT STET_CUDA)
  set(STET_CUDA_MISSING "this build has no CUDA backend, configure with -DSTET_CUDA=ON")
  return()
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(NOTICE "stet: STET_CUDA is on, but there is no CUDA toolkit: nvcc is not on PATH, and CUDACXX doesn't name it. "
    "Building what stands in for CUDA: `--device cuda` will say so.")
  set(STET_CUDA_MISSING "this build found no CUDA toolkit, install one and configure again with -DSTET_CUDA=ON")
  return()
endif()
message(NOTICE "stet: STET_CUDA is on and ${CMAKE_CUDA_COMPILER} was found, but this version of Stet has no CUDA kernels yet. "
  "Building what stands in for CUDA: `--device cuda` will say so.")
set(STET_CUDA_MISSING "this version of Stet has no CUDA kernels yet")
