// Compares the float32 elementary functions on a GPU with the CPU's, which exhaustive.cpp proves, bit for bit: on all
// 2^32 arguments, and pow on 2^28 pairs.
//
//   gpu_exhaustive [--every N] [FUNCTION...]
//
// All functions when none is named. --every takes one block of 2^22 arguments in N. Exits with 0 if all bits are equal,
// 1 if some differ, 2 on wrong use.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "exhaustive.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

constexpr Device kGpu{Device::Kind::cuda, 0};
constexpr int64_t kBlock = 1 << 22, kArguments = int64_t{1} << 32, kPairs = 1 << 28;

struct Function {
  const char* name;
  Tensor (*of)(const Tensor&);
};
constexpr Function kFunctions[] = {{"exp", exp},   {"expm1", expm1},     {"log", log},     {"log1p", log1p},
                                   {"tanh", tanh}, {"sigmoid", sigmoid}, {"erf", erf},     {"sqrt", sqrt},
                                   {"sin", sin},   {"cos", cos},         {"sinpi", sinpi}, {"cospi", cospi},
                                   {"tan", tan},   {"asin", asin},       {"acos", acos},   {"atan", atan},
                                   {"sinh", sinh}, {"cosh", cosh},       {"log2", log2},   {"log10", log10}};

/// Counts the elements that differ, and prints the first few, which `call` names.
class Comparison {
 public:
  template <class Call> void take(const Tensor& gpu, const Tensor& cpu, const Call& call) {
    const auto got = gpu.span<float>(), want = cpu.span<float>();
    for (size_t i = 0; i < got.size(); ++i) {
      if (same(got[i], want[i])) continue;
      if (++different_ <= 20) fmt::print("{} is {:a} on the GPU, {:a} on the CPU\n", call(i), got[i], want[i]);
    }
    count_ += static_cast<int64_t>(got.size());
  }
  bool report(const std::string& name) const {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
    fmt::print("{}: {} different of {}, {:.0f} s\n", name, different_, count_, seconds.count());
    std::fflush(stdout);
    return different_ == 0;
  }

 private:
  int64_t count_ = 0, different_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

bool compare(const Function& f, int64_t every) {
  Comparison comparison;
  for (int64_t first = 0; first < kArguments; first += kBlock * every) {
    std::vector<float> arguments(kBlock);
    for (int64_t i = 0; i < kBlock; ++i)
      arguments[static_cast<size_t>(i)] = std::bit_cast<float>(static_cast<uint32_t>(first + i));
    const Tensor x = Tensor::adopt(std::move(arguments), {kBlock}), on_gpu = f.of(x.to(kGpu));
    comparison.take(on_gpu.to(cpu), f.of(x),
                    [&](size_t i) { return fmt::format("{}({:a})", f.name, x.span<float>()[i]); });
  }
  return comparison.report(f.name);
}

bool compare_pow(int64_t every) {
  Comparison comparison;
  for (int64_t first = 0; first < kPairs; first += kBlock * every) {
    std::mt19937_64 random(static_cast<uint64_t>(first));
    std::vector<float> bases, exponents;
    for (int64_t i = 0; i < kBlock; ++i) {
      const PowArguments drawn = draw_pow(random, i);
      bases.push_back(drawn.base);
      exponents.push_back(drawn.exponent);
    }
    const Tensor x = Tensor::adopt(std::move(bases), {kBlock}), y = Tensor::adopt(std::move(exponents), {kBlock});
    const Tensor on_gpu = pow(x.to(kGpu), y.to(kGpu));
    comparison.take(on_gpu.to(cpu), pow(x, y),
                    [&](size_t i) { return fmt::format("pow({:a}, {:a})", x.span<float>()[i], y.span<float>()[i]); });
  }
  return comparison.report("pow");
}

int run(const std::vector<std::string>& arguments) {
  int64_t every = 1;
  std::vector<std::string> names;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--every" && i + 1 < arguments.size()) every = std::max(1, std::atoi(arguments[++i].c_str()));
    else names.push_back(arguments[i]);
  }
  const auto find = [](const std::string& name) {
    return std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](auto& f) { return f.name == name; });
  };
  for (const std::string& name : names) {
    if (name != "pow" && find(name) == std::end(kFunctions)) raise("gpu_exhaustive: no function '{}'", name);
  }
  if (names.empty()) {
    for (const Function& f : kFunctions) names.emplace_back(f.name);
    names.emplace_back("pow");
  }
  bool equal = true;
  for (const std::string& name : names)
    equal = (name == "pow" ? compare_pow(every) : compare(*find(name), every)) && equal;
  return equal ? 0 : 1;
}

}  // namespace
}  // namespace stet

int main(int argc, char** argv) {
  try {
    return stet::run({argv + 1, argv + argc});
  } catch (const stet::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
