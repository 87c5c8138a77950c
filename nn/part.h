// Parts of a net: one that is trained while the rest is frozen, and one that only computes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "stet/tensor/mode.h"
#include "stet/tensor/stateful.h"

namespace stet::nn {

/// The cells and counters of a net whose paths match, under their own paths. It refers to the net, which must outlive
/// it and stay where it is.
class Part : public Stateful {
 public:
  void members(Visitor& v) override;
  std::string describe() const override;

 private:
  friend Part part(Stateful& net, std::vector<std::string> patterns);
  Part(Stateful& net, std::vector<std::string> patterns) : net_(&net), patterns_(std::move(patterns)) {}

  Stateful* net_;
  std::vector<std::string> patterns_;
};

/// What of a net is trained, by names: * stands for any characters, ? for one. A tied cell belongs to it by any of its
/// names.
///
///     auto head = nn::part(net, {"head/*"});
///     optim::AdamW opt(head, {.lr = 1e-3});
///     opt.step(backward(loss, head));  // the rest is frozen: no gradient is computed for it
///
/// Throws UsageError on a pattern that matches nothing.
[[nodiscard]] Part part(Stateful& net, std::vector<std::string> patterns);

/// A module that only computes: whoever calls it evaluates it, and what it gives is a constant to backward.
template <class M> class Frozen {
 public:
  explicit Frozen(M& module) : module_(&module) {}
  template <class... Args> auto operator()(Args&&... args) const {
    const Evaluation evaluation;
    return (*module_)(std::forward<Args>(args)...);
  }

 private:
  M* module_;
};

/// `auto features = nn::frozen(net.body)(x);`: evaluation, no tape, whatever the rest of the net does. It refers to the
/// module.
template <class M> Frozen<M> frozen(M& module) { return Frozen<M>(module); }
template <class M> void frozen(const M&& module) = delete;

}  // namespace stet::nn
