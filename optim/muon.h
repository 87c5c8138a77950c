// Muon.
#pragma once

#include "stet/optim/optimizer.h"

namespace stet::optim {

struct MuonOptions {
  double lr = 2e-2;
  double momentum = 0.95;  ///< in [0, 1)
  bool nesterov = true;
  double weight_decay = 0;  ///< the share of the parameter, times the learning rate, that each step takes away
  /// Patterns of matrices that AdamW trains too: an embedding and the last layer should be among them.
  std::vector<std::string> by_adamw = {};
  // AdamW's, for those and for all parameters of fewer than two axes.
  double adamw_lr = 3e-4;
  double beta1 = 0.9, beta2 = 0.95;
  double epsilon = 1e-10;
  double adamw_weight_decay = 0;
  Schedule schedule = constant();  ///< of both rates
};

/// Jordan et al., 2024 (kellerjordan.github.io/posts/muon): a matrix moves along its momentum with all singular values
/// brought near 1, by five Newton-Schulz steps in its own dtype, times sqrt(max(1, rows / columns)). Of more than two
/// axes, all but the first are its columns. Throws UsageError too where a pattern of by_adamw matches no parameter.
class Muon : public Optimizer {
 public:
  /// Throws UsageError on a setting out of its range.
  explicit Muon(Stateful& net, const MuonOptions& options = {}, Groups groups = {});
  Muon(Muon&&) = default;
  Muon& operator=(Muon&&) = default;
  std::string describe() const override { return "Muon"; }

 protected:
  void update(std::span<const Change> changes) override;
  void hyperparameters(Visitor& v) override;

 private:
  MuonOptions options_;
  void update_matrix(const Change& change);
};

}  // namespace stet::optim
