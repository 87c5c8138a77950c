// What a net's cells are called, here and by PyTorch. Private to this folder.
#pragma once

#include <string>
#include <vector>

#include "stet/tensor/stateful.h"

namespace stet::nn {

/// A cell of a net, or a counter of batches, which PyTorch has among its tensors.
struct Weight {
  std::string path = {};   ///< the walk's, with '.' for '/'
  std::string torch = {};  ///< PyTorch's for the same layers
  Parameter* parameter = nullptr;
  Buffer* buffer = nullptr;
  int64_t* counter = nullptr;

  Tensor value() const;
  void set(Tensor value) const;
};

/// A further name of a cell that is tied.
struct WeightAlias {
  std::string path, torch;
  size_t weight;  ///< position in Weights::all
};

struct Weights {
  std::vector<Weight> all;  ///< in walk order
  std::vector<WeightAlias> aliases;
};

Weights weights_of(Stateful& net);

}  // namespace stet::nn
