// Proves the rounding of the float32 elementary functions over all 2^32 arguments, and samples 2^30 of pow's.
//
//   exhaustive [--threads N] [--every N] [FUNCTION...]
//
// All functions when none is named; STET_ISA chooses the instruction set. --every takes one block of 65,536 arguments
// in N.
//
// The C library's binary64 function says the result where its error can't matter; GNU MPFR decides near a tie between
// two floats. Exits with 0 if no result is wrong, 1 if one is, 2 on wrong use.
#include <fmt/format.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "exhaustive.h"
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
    {"tan", Elementary::tan, [](double x) { return std::tan(x); }},
    {"asin", Elementary::asin, [](double x) { return std::asin(x); }},
    {"acos", Elementary::acos, [](double x) { return std::acos(x); }},
    {"atan", Elementary::atan, [](double x) { return std::atan(x); }},
    {"sinh", Elementary::sinh, [](double x) { return std::sinh(x); }},
    {"cosh", Elementary::cosh, [](double x) { return std::cosh(x); }},
    {"log2", Elementary::log2, [](double x) { return std::log2(x); }},
    {"log10", Elementary::log10, [](double x) { return std::log10(x); }},
};

constexpr int64_t kBlock = 1 << 16;

/// Goes through blocks of arguments with several threads and compares results with what they should be.
class Check {
 public:
  virtual ~Check() = default;

  /// Of `every` blocks, one.
  void run(int threads, int64_t every) {
    every_ = every;
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
    for (std::thread& worker : workers) worker.join();
  }

  int64_t wrong() const { return wrong_; }
  int64_t decided() const { return decided_; }
  int64_t count() const { return taken_; }

 protected:
  explicit Check(int64_t count) : count_(count) {}

  /// Checks the arguments numbered [first, first + kBlock).
  virtual void check_block(int64_t first, math::MpfrScope& exact) = 0;

  /// `approximate`, within 2^-49 of the value relatively, rounded to float, or `exact()` where that error could matter.
  template <class Exact> float expected(double approximate, Exact exact) {
    if (std::isnan(approximate) || approximate == 0 || std::isinf(approximate)) return static_cast<float>(approximate);
    const double margin = std::fabs(approximate) * 0x1p-49;
    const float low = static_cast<float>(approximate - margin), high = static_cast<float>(approximate + margin);
    if (low == high) return low;
    ++decided_;
    return static_cast<float>(exact());
  }

  void report(const std::string& call, float got, float want) {
    const std::lock_guard lock(reporting_);
    if (++wrong_ <= 20) fmt::print("{} gave {:a}, not {:a}\n", call, got, want);
  }

 private:
  void work() {
    math::MpfrScope exact(math::kFloat32);
    const int64_t step = kBlock * every_;
    for (int64_t first = next_.fetch_add(step); first < count_; first = next_.fetch_add(step)) {
      check_block(first, exact);
      taken_ += kBlock;
    }
  }

  const int64_t count_;
  int64_t every_ = 1;
  std::atomic<int64_t> next_{0}, taken_{0}, decided_{0}, wrong_{0};
  std::mutex reporting_;
};

class AllArguments : public Check {
 public:
  explicit AllArguments(const Function& function) : Check(int64_t{1} << 32), function_(function) {}

 private:
  void check_block(int64_t first, math::MpfrScope& exact) override {
    std::vector<float> x(kBlock), y(kBlock);
    for (int64_t i = 0; i < kBlock; ++i) x[i] = std::bit_cast<float>(static_cast<uint32_t>(first + i));
    apply(function_.id, x.data(), y.data(), kBlock);
    for (int64_t i = 0; i < kBlock; ++i) {
      const float want = expected(function_.approximate(x[i]), [&] { return exact(function_.id, x[i]); });
      if (!same(y[i], want)) report(fmt::format("{}({:a})", function_.name, x[i]), y[i], want);
    }
  }

  const Function& function_;
};

class PowSample : public Check {
 public:
  PowSample() : Check(int64_t{1} << 30) {}

 private:
  void check_block(int64_t first, math::MpfrScope& exact) override {
    std::vector<float> x(kBlock), y(kBlock), z(kBlock);
    std::mt19937_64 random(static_cast<uint64_t>(first));
    for (int64_t i = 0; i < kBlock; ++i) {
      const PowArguments drawn = draw_pow(random, i);
      x[i] = drawn.base;
      y[i] = drawn.exponent;
    }
    pow(x.data(), y.data(), z.data(), kBlock);
    for (int64_t i = 0; i < kBlock; ++i) {
      const float want = expected(std::pow(double{x[i]}, double{y[i]}), [&] { return exact.pow(x[i], y[i]); });
      if (!same(z[i], want)) report(fmt::format("pow({:a}, {:a})", x[i], y[i]), z[i], want);
    }
  }
};

bool prove(const std::string& name, Check& check, int threads, int64_t every) {
  const auto start = std::chrono::steady_clock::now();
  check.run(threads, every);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("{} on {}: {} wrong of {}, {} decided by MPFR, {:.0f} s\n", name, isa(), check.wrong(), check.count(),
             check.decided(), seconds.count());
  std::fflush(stdout);
  return check.wrong() == 0;
}

int run(const std::vector<std::string>& arguments) {
  int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  int64_t every = 1;
  std::vector<std::string> names;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--threads" && i + 1 < arguments.size()) {
      threads = std::max(1, std::atoi(arguments[++i].c_str()));
    } else if (arguments[i] == "--every" && i + 1 < arguments.size()) {
      every = std::max(1, std::atoi(arguments[++i].c_str()));
    } else {
      names.push_back(arguments[i]);
    }
  }
  std::map<std::string, std::function<std::unique_ptr<Check>()>> checks;
  for (const Function& function : kFunctions) {
    checks[function.name] = [&function] { return std::make_unique<AllArguments>(function); };
  }
  checks["pow"] = [] { return std::make_unique<PowSample>(); };
  if (names.empty()) {
    for (const auto& [name, make] : checks) names.push_back(name);
  }
  for (const std::string& name : names) {
    if (!checks.contains(name)) raise("exhaustive: no function '{}'", name);
  }
  bool right = true;
  for (const std::string& name : names) right = prove(name, *checks[name](), threads, every) && right;
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
