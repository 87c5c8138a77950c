// What logging costs the training thread, and a run's start.
//
//   logging_bench --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
//
// Scalars are logged within steps of a run that tracks nothing, so that a step is the loop and its boundary alone.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "stet/tracking/run/run.h"

using namespace stet;

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Run* run = nullptr;
std::string program;

std::vector<std::string> names_of(int64_t metrics) {
  std::vector<std::string> names{"train/loss", "train/accuracy", "grad/norm", "lr"};
  names.resize(static_cast<size_t>(metrics));
  return names;
}

double log_bytes() {
  double bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(run->folder())) {
    if (file.path().filename().string().starts_with("events.")) bytes += static_cast<double>(file.file_size());
  }
  return bytes;
}

constexpr int64_t kSteps = 100'000;

// The calls alone, without the loop.
void scalar(benchmark::State& state) {
  const auto names = names_of(state.range(0));
  double value = 0.1;
  const double before = log_bytes();
  for (auto _ : state) {
    double seconds = 0;
    for ([[maybe_unused]] const int64_t step : run->steps(kSteps)) {
      const auto start = Clock::now();
      for (const std::string& name : names) run->log(name, value += 1e-7);
      seconds += since(start);
    }
    state.SetIterationTime(seconds / static_cast<double>(kSteps * state.range(0)));
  }
  const auto scalars = static_cast<double>(state.iterations() * kSteps * state.range(0));
  state.counters["bytes"] = (log_bytes() - before) / scalars;
}
BENCHMARK(scalar)->Arg(1)->Arg(4)->UseManualTime()->Iterations(5)->Unit(benchmark::kNanosecond);

// With the loop and the boundary.
void step(benchmark::State& state) {
  const auto names = names_of(state.range(0));
  double value = 0.1;
  for (auto _ : state) {
    const auto start = Clock::now();
    for ([[maybe_unused]] const int64_t step : run->steps(kSteps)) {
      for (const std::string& name : names) run->log(name, value += 1e-7);
    }
    state.SetIterationTime(since(start) / static_cast<double>(kSteps));
  }
}
BENCHMARK(step)->Arg(0)->Arg(1)->Arg(4)->UseManualTime()->Iterations(5)->Unit(benchmark::kNanosecond);

// From the constructor to the first value, in a process of its own.
void start(benchmark::State& state) {
  for (auto _ : state) {
    double seconds = 0;
    std::FILE* child = ::popen((program + " --start").c_str(), "r");
    if (!child || std::fscanf(child, "%lf", &seconds) != 1) state.SkipWithError("the program did not start");
    if (child) ::pclose(child);
    state.SetIterationTime(seconds);
  }
}
BENCHMARK(start)->UseManualTime()->Iterations(20)->Unit(benchmark::kMillisecond);

int start_once(const std::string& runs) {
  const std::vector<const char*> words{"start", "--quiet", "--runs", runs.c_str()};
  const auto begin = Clock::now();
  Run started(static_cast<int>(words.size()), words.data(), "logging-bench-start");
  started.log("train/loss", 0.1);
  std::printf("%.9f\n", since(begin));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string runs = (std::filesystem::temp_directory_path() / "stet-logging-bench").string();
  if (argc == 2 && std::strcmp(argv[1], "--start") == 0) return start_once(runs);
  program = std::filesystem::canonical("/proc/self/exe").string();
  benchmark::Initialize(&argc, argv);
  const std::vector<const char*> words{"logging_bench", "--quiet", "--runs", runs.c_str()};
  Run here(static_cast<int>(words.size()), words.data(), "logging-bench");
  run = &here;
  here.log("begun", 1);
  benchmark::RunSpecifiedBenchmarks();
}
