// A user's program that reads runs: lists them, follows a curve, compares, verifies.
#include <stet/tracking/reading/differences.h>
#include <stet/tracking/reading/run_view.h>
#include <stet/tracking/reading/verification.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

using namespace stet;

namespace {

void print(const tracking::RunSummary& run) {
  const auto losses = run.series("train/loss");
  std::printf("%s: %s, %lld steps, %zu losses", run.program.c_str(), std::string(name_of(run.status)).c_str(),
              static_cast<long long>(run.steps), losses.size());
  if (!losses.empty()) std::printf(" from %.9g to %.9g", losses.front().value, losses.back().value);
  for (const tracking::RunParameter& p : run.parameters) std::printf(", %s %s", p.name.c_str(), p.value.c_str());
  std::printf("\n");
}

// As at the head of runs.h.
void print_losses(const tracking::Runs& runs) {
  for (const auto& run : runs.query("params.lr < 1e-3")) {
    for (const tracking::Point& p : run.series("train/loss")) std::cout << p.step << " " << p.value << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const tracking::Runs runs(argc > 1 ? argv[1] : "runs");
    const auto list = runs.list();
    for (const auto& run : list) print(run);
    print_losses(runs);
    for (const auto& run : list.unreadable) std::printf("unreadable: %s\n", run.why.c_str());
    const tracking::RunView latest = runs.open("latest");
    std::printf("accuracies: %zu, checkpoints: %zu\n", latest.metric("test/accuracy").points.size(),
                latest.checkpoints.size());
    std::printf("differs from itself: %s\n", diff(latest, latest).same() ? "no" : "yes");
    const tracking::Verdict verdict = verify(latest);
    std::printf("%s\n", verdict.line.c_str());
    return verdict.verified() ? 0 : 1;
  } catch (const std::exception& e) {
    std::printf("%s\n", e.what());
    return 2;
  }
}
