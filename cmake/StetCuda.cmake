# Looks for the CUDA toolkit when STET_CUDA is on, and says plainly what was found.
# STET_HAS_CUDA is set where there is one; else STET_CUDA_MISSING holds the reason that `--device cuda` gives where there is no CUDA backend.

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
if(NOT CMAKE_CUDA_ARCHITECTURES)
  # Older and newer GPUs compile the nearest before them when a program first runs there. 80 is the first with asynchronous copies.
  set(CMAKE_CUDA_ARCHITECTURES 75-virtual 80-real 90)
endif()
enable_language(CUDA)
# CMake 3.25 doesn't know yet that nvcc takes C++20.
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
find_package(CUDAToolkit REQUIRED)
set(STET_HAS_CUDA ON)
