#include "gpu_cublas.h"

#include <dlfcn.h>

#include <stdexcept>
#include <vector>

namespace gpu_bench {
namespace {

constexpr int kNone = 0, kTransposed = 1;  // cublasOperation_t
constexpr int kDefaultMath = 0;            // cublasMath_t: no TensorFloat-32

void check(int status, const char* what) {
  if (status != 0) throw std::runtime_error(std::string("cuBLAS: ") + what + " gave status " + std::to_string(status));
}

void* open(const std::string& path, std::string& reason) {
  std::vector<std::string> places = {path};
  if (path.empty()) places = {"libcublas.so.13", "libcublas.so.12", "/usr/local/cuda/lib64/libcublas.so"};
  for (const std::string& place : places) {
    // Its other half lies beside it, where the loader may not look.
    const size_t slash = place.rfind('/'), dot = place.find(".so");
    if (slash != std::string::npos && dot != std::string::npos) {
      dlopen((place.substr(0, slash) + "/libcublasLt" + place.substr(dot)).c_str(), RTLD_NOW | RTLD_GLOBAL);
    }
    if (void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    if (reason.empty()) reason = dlerror();
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<Cublas> Cublas::load(const std::string& path, std::string& reason) {
  void* const library = open(path, reason);
  if (library == nullptr) return nullptr;
  auto one = std::make_shared<Cublas>();
  bool whole = true;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    whole = whole && function != nullptr;
  };
  find(one->create_, "cublasCreate_v2");
  find(one->set_stream_, "cublasSetStream_v2");
  find(one->set_math_mode_, "cublasSetMathMode");
  find(one->sgemm_, "cublasSgemm_v2");
  find(one->sgemm_batched_, "cublasSgemmStridedBatched");
  if (!whole) reason = "it lacks a function";
  return whole ? one : nullptr;
}

void Cublas::product(stet::cuda::Queue& queue, const ProductShape& s, const float* a, const float* b, float* c) {
  if (handle_ == nullptr) {
    check(create_(&handle_), "cublasCreate");
    check(set_math_mode_(handle_, kDefaultMath), "cublasSetMathMode");
    check(set_stream_(handle_, queue.stream()), "cublasSetStream");
  }
  // cuBLAS goes by columns, so it is asked for c^T = b^T a^T.
  const float one = 1, zero = 0;
  const int m = static_cast<int>(s.m), n = static_cast<int>(s.n), k = static_cast<int>(s.k);
  const int of_b = s.transpose_b ? kTransposed : kNone, of_a = s.transpose_a ? kTransposed : kNone;
  const int step_b = s.transpose_b ? k : n, step_a = s.transpose_a ? m : k;
  if (s.batch == 1) {
    check(sgemm_(handle_, of_b, of_a, n, m, k, &one, b, step_b, a, step_a, &zero, c, n), "cublasSgemm");
  } else {
    check(sgemm_batched_(handle_, of_b, of_a, n, m, k, &one, b, step_b, s.k * s.n, a, step_a, s.m * s.k, &zero, c, n,
                         s.m * s.n, static_cast<int>(s.batch)),
          "cublasSgemmStridedBatched");
  }
}

}  // namespace gpu_bench
