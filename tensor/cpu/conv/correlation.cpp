#include "stet/tensor/cpu/conv/correlation.h"

namespace stet::cpu_kernels {

std::vector<OutputRun> runs_of(const std::vector<TapPhase>& phases, int64_t size, int64_t step) {
  std::vector<OutputRun> runs;
  for (const TapPhase& phase : phases) {
    for (int64_t t = 0; t < phase.count; ++t) {
      const auto padding = [&](int64_t i) {
        const int64_t at = t * step + phase.at[static_cast<size_t>(i)];
        return at < 0 || at >= size;
      };
      Range taps = {0, static_cast<int64_t>(phase.at.size())};
      while (taps.begin < taps.end && padding(taps.begin)) ++taps.begin;
      while (taps.end > taps.begin && padding(taps.end - 1)) --taps.end;
      const bool same = t > 0 && runs.back().taps.begin == taps.begin && runs.back().taps.end == taps.end;
      if (!same) runs.push_back({&phase, {t, t}, taps});
      runs.back().outputs.end = t + 1;
    }
  }
  return runs;
}

}  // namespace stet::cpu_kernels
