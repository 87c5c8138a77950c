#include "stet/nn/weights/load.h"
#include "stet/nn/weights/names.h"
#include "stet/nn/weights/renames.h"
#include "stet/nn/weights/safetensors.h"
#include "stet/tensor/error.h"
#include "stet/tensor/pattern.h"

namespace stet::nn {

std::vector<std::string> save(Stateful& net, const std::filesystem::path& path, const SaveOptions& options) {
  const Weights weights = weights_of(net);
  const Renames rename("save", options.rename);
  std::map<std::string, Tensor> tensors;
  const auto add = [&](const std::string& torch, const Weight& weight) {
    const std::string name = options.prefix + rename(torch);
    Tensor value = weight.value();
    if (value.rank() > 1 && matches_any(options.transpose, name)) {
      if (value.rank() > 2) raise("save: '{}' is {}, .transpose is for matrices", name, value.shape().to_string());
      value = value.transpose(0, 1);
    }
    if (!tensors.emplace(name, value).second) raise("save: two cells are named '{}'; see .rename", name);
  };
  for (const Weight& weight : weights.all) add(weight.torch, weight);
  for (const WeightAlias& alias : weights.aliases) add(alias.torch, weights.all[alias.weight]);
  std::vector<std::string> names;
  for (const auto& [name, value] : tensors) names.push_back(name);
  require_matches("save", ".transpose", options.transpose, names);
  write_safetensors(path, tensors, options.metadata);
  return names;
}

}  // namespace stet::nn
