// A run's checkpoint into a net, without a run: for inference, and to go on from what others trained.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "stet/tensor/stateful.h"

namespace stet::tracking {

struct RestoreOptions {
  std::string name = "net";          ///< under which the run tracked the net
  std::optional<int64_t> step = {};  ///< of the checkpoint; none: the newest
  bool best = false;                 ///< the best by the run's metric, in place of the newest
  std::string runs = "./runs";       ///< where runs are looked for
};

/// Sets a net's cells and counters to what a run's checkpoint holds, and returns the checkpoint's step:
///
///     Net net(shape, rng);
///     tracking::restore(net, "latest", {.best = true});
///     const Evaluation evaluation;
///     std::cout << net(x);
///
/// `which` is a checkpoint file, or a run as `stet show` takes it: an id, a unique prefix of one, a name, `latest`, or
/// a run's folder. The net stays on its device. All or nothing: throws UsageError in one line that names what does not
/// fit, and DataError on a file that is damaged.
int64_t restore(Stateful& net, const std::string& which, const RestoreOptions& options = {});

}  // namespace stet::tracking
