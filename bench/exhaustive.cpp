// Proves the rounding of the float32 elementary functions over all 2^32 arguments.
//
//   exhaustive [--threads N] [FUNCTION...]      all functions when none is named; STET_ISA chooses the instruction set
//
// The C library's binary64 function says the result where its error can't matter; GNU MPFR decides near a tie between two floats.
// Exits with 0 if no result is wrong, 1 if one is, 2 on wrong use.
#include <fmt/format.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/math/mpfr_scope.h"
#include "stet/tensor/simd/isa.h"

namespace stet {
namespace {

// sin(pi x) for shift 0, cos(pi x) for shift 1; reduced exactly, so good to a few units in the last place.
double sine_of_half_turns(double x, int shift) {
  if (!std::isfinite(x)) return NAN;
  const double half_turns = std::remainder(std::fabs(x), 2);
  const double quarter = std::rint(2 * half_turns);
  const double angle = M_PI * (half_turns - quarter / 2);
  const int q = (static_cast<int>(quarter) + shift) & 3;
  const double value = ((q & 1) != 0 ? std::cos(angle) : std::sin(angle)) * ((q & 2) != 0 ? -1 : 1);
  if (shift == 1) return value == 0 ? 0 : value;
  return value == 0 ? std::copysign(0.0, x) : std::signbit(x) ? -value : value;
}

struct Function {
  const char* name;
  Elementary id;
  double (*approximate)(double);  ///< within 2^-49 of the value, relatively
};

const Function kFunctions[] = {
    {"exp", Elementary::exp, [](double x) { return std::exp(x); }},
    {"expm1", Elementary::expm1, [](double x) { return std::expm1(x); }},
    {"log", Elementary::log, [](double x) { return std::log(x); }},
    {"log1p", Elementary::log1p, [](double x) { return std::log1p(x); }},
    {"tanh", Elementary::tanh, [](double x) { return std::tanh(x); }},
    {"sigmoid", Elementary::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"erf", Elementary::erf, [](double x) { return std::erf(x); }},
    {"sqrt", Elementary::sqrt, [](double x) { return std::sqrt(x); }},
    {"sin", Elementary::sin, [](double x) { return std::sin(x); }},
    {"cos", Elementary::cos, [](double x) { return std::cos(x); }},
    {"sinpi", Elementary::sinpi, [](double x) { return sine_of_half_turns(x, 0); }},
    {"cospi", Elementary::cospi, [](double x) { return sine_of_half_turns(x, 1); }},
};

class Check {
 public:
  explicit Check(const Function& function) : function_(function) {}

  void run(int threads) {
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
    for (std::thread& worker : workers) worker.join();
  }

  int64_t wrong() const { return wrong_; }
  int64_t decided() const { return decided_; }

 private:
  static constexpr int64_t kBlock = 1 << 16;

  void work() {
    std::vector<float> x(kBlock), y(kBlock);
    math::MpfrScope exact(math::kFloat32);
    for (int64_t first = next_.fetch_add(kBlock); first < int64_t{1} << 32; first = next_.fetch_add(kBlock)) {
      for (int64_t i = 0; i < kBlock; ++i) x[i] = std::bit_cast<float>(static_cast<uint32_t>(first + i));
      apply(function_.id, x.data(), y.data(), kBlock);
      for (int64_t i = 0; i < kBlock; ++i) compare(x[i], y[i], expected(x[i], exact));
    }
  }

  float expected(float x, math::MpfrScope& exact) {
    const double value = function_.approximate(x);
    if (std::isnan(value) || value == 0 || std::isinf(value)) return static_cast<float>(value);
    const double margin = std::fabs(value) * 0x1p-49;
    const float low = static_cast<float>(value - margin), high = static_cast<float>(value + margin);
    if (low == high) return low;
    ++decided_;
    return static_cast<float>(exact(function_.id, x));
  }

  void compare(float x, float got, float want) {
    if (std::isnan(want) ? std::isnan(got) : std::bit_cast<uint32_t>(got) == std::bit_cast<uint32_t>(want)) return;
    const std::lock_guard lock(report_);
    if (++wrong_ <= 20) fmt::print("{}({:a}) gave {:a}, not {:a}\n", function_.name, x, got, want);
  }

  const Function& function_;
  std::atomic<int64_t> next_{0}, decided_{0}, wrong_{0};
  std::mutex report_;
};

bool prove(const Function& function, int threads) {
  const auto start = std::chrono::steady_clock::now();
  Check check(function);
  check.run(threads);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("{} on {}: {} wrong of 2^32, {} decided by MPFR, {:.0f} s\n", function.name, isa(), check.wrong(), check.decided(),
             seconds.count());
  std::fflush(stdout);
  return check.wrong() == 0;
}

int run(const std::vector<std::string>& arguments) {
  int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::string> names;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--threads" && i + 1 < arguments.size()) {
      threads = std::max(1, std::atoi(arguments[++i].c_str()));
    } else {
      names.push_back(arguments[i]);
    }
  }
  std::map<std::string, const Function*> functions;
  for (const Function& function : kFunctions) functions[function.name] = &function;
  if (names.empty()) {
    for (const Function& function : kFunctions) names.emplace_back(function.name);
  }
  for (const std::string& name : names) {
    if (!functions.contains(name)) raise("exhaustive: no function '{}'", name);
  }
  bool right = true;
  for (const std::string& name : names) right = prove(*functions[name], threads) && right;
  return right ? 0 : 1;
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
