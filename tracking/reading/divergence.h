// Where two runs part: by the bits of their losses, the digests of their states, and their checkpoints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {

/// How many floating numbers lie between two of the same width, one of them counted; -0 and 0 are one number. None
/// where one is NaN.
std::optional<uint64_t> ulp_distance(float a, float b);
std::optional<uint64_t> ulp_distance(double a, double b);

/// The losses of one step of two runs.
struct LossDistance {
  int64_t step = 0;
  double first = 0, second = 0;
  bool same_bits = false;        ///< also NaN may be
  std::optional<uint64_t> ulps;  ///< of binary32 where both are; none where one is NaN, or they are of unlike widths
};

/// A tensor of two checkpoints.
struct TensorDistance {
  std::string name;
  int64_t elements = 0;
  int64_t differing = 0;         ///< elements whose bits differ
  std::optional<uint64_t> most;  ///< the greatest distance: ULPs of floating numbers, the difference of integers; none
                                 ///< where only NaN differs
  std::string unlike;  ///< why elements can't be compared, as "float32 [2, 3] | float32 [3, 2]"; empty: they were
};

/// The checkpoints of one step that both runs have.
struct CheckpointDistance {
  int64_t step = 0;
  std::vector<TensorDistance> tensors;  ///< all, by ascending name
  std::vector<std::string> scalars;     ///< names of those that differ
};

/// Where two runs part: the first step whose bits differ, and in which tensors.
struct Divergence {
  enum class Verdict : uint8_t {
    same,         ///< bit for bit, to the end of both
    longer,       ///< the same as far as both went
    parted,       ///< from some step on
    not_compared  ///< they have no loss and no digest of a state in common
  };
  Verdict verdict = Verdict::not_compared;
  /// What is not the same to begin with, so that no equal bits are to be expected: parameters, data, the version of
  /// numerics, the program's source. A line each, as "params.lr: 0.05 | 0.1".
  std::vector<std::string> unlike;
  bool rebuilt = false;  ///< another executable; of the same source, unless `unlike` says else

  int64_t steps_first = 0, steps_second = 0;  ///< that each went
  int64_t losses = 0, states = 0;             ///< compared: steps with losses, digests of states
  int64_t same_until = 0;                     ///< the last step known to be the same, by its loss or its state

  std::optional<int64_t> loss_step;              ///< the first at which the losses' bits differ
  std::optional<int64_t> state_step;             ///< the first boundary's at which digests of states differ
  std::optional<int64_t> state_same_until;       ///< the last before it at which they are equal
  std::vector<std::string> tensors;              ///< that differ at state_step, in the order of the walk
  std::vector<LossDistance> around;              ///< the losses around the parting, by ascending step
  std::optional<CheckpointDistance> checkpoint;  ///< the first of both at or after the parting, else the last before
};

/// Compares two runs, step by step. `before` and `after`: how many steps `around` has on each side of the parting.
/// Throws DataError and IoError that name a checkpoint which can't be read.
Divergence divergence(const RunView& first, const RunView& second, int64_t before = 2, int64_t after = 7);

/// Where they part, in one line.
std::string line_of(const Divergence& found);

}  // namespace stet::tracking
