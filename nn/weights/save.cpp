#include <nlohmann/json.hpp>

#include "stet/nn/weights/load.h"
#include "stet/nn/weights/names.h"
#include "stet/nn/weights/renames.h"
#include "stet/nn/weights/safetensors.h"
#include "stet/tensor/error.h"
#include "stet/tensor/files.h"
#include "stet/tensor/pattern.h"

namespace stet::nn {
namespace {

using Tensors = std::map<std::string, Tensor>;

// In byte order of the names, as many as fit.
std::vector<Tensors> shards_of(const Tensors& tensors, int64_t most) {
  std::vector<Tensors> shards(1);
  int64_t bytes = 0;
  for (const auto& [name, value] : tensors) {
    const int64_t size = value.elements() * static_cast<int64_t>(size_of(value.dtype()));
    if (!shards.back().empty() && size > most - bytes) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().emplace(name, value);
    bytes += size;
  }
  return shards;
}

void write_shards(const std::filesystem::path& path, const std::vector<Tensors>& shards,
                  const std::map<std::string, std::string>& metadata) {
  nlohmann::json index = {{"metadata", {{"total_size", 0}}}, {"weight_map", nlohmann::json::object()}};
  int64_t total = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fmt::format("{}-{:05}-of-{:05}.safetensors", path.stem().string(), i + 1, shards.size());
    write_safetensors(path.parent_path() / name, shards[i], metadata);
    for (const auto& [tensor, value] : shards[i]) {
      index["weight_map"][tensor] = name;
      total += value.elements() * static_cast<int64_t>(size_of(value.dtype()));
    }
  }
  index["metadata"]["total_size"] = total;
  NewFile file(path.string() + ".index.json");
  file.write(index.dump(2) + "\n");
  file.commit();
}

}  // namespace

std::vector<std::string> save(Stateful& net, const std::filesystem::path& path, const SaveOptions& options) {
  const Weights weights = weights_of(net);
  const Renames rename("save", options.rename);
  Tensors tensors;
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
  if (options.shard_bytes < 0) raise("save: shard_bytes {} is negative", options.shard_bytes);
  const auto shards =
      options.shard_bytes == 0 ? std::vector<Tensors>{tensors} : shards_of(tensors, options.shard_bytes);
  if (shards.size() == 1) write_safetensors(path, tensors, options.metadata);
  else write_shards(path, shards, options.metadata);
  return names;
}

}  // namespace stet::nn
