#include "stet/nn/weights/load.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "stet/nn/weights/names.h"
#include "stet/nn/weights/renames.h"
#include "stet/nn/weights/safetensors.h"
#include "stet/nn/weights/safetensors_header.h"
#include "stet/tensor/error.h"
#include "stet/tensor/pattern.h"

namespace stet::nn {
namespace {

constexpr size_t kMostListed = 8;

std::string listed(const std::vector<std::string>& items) {
  const size_t n = std::min(items.size(), kMostListed);
  std::string text = fmt::format("{}", fmt::join(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(n), ", "));
  if (n < items.size()) text += fmt::format(" and {} more", items.size() - n);
  return text;
}

std::vector<std::string> shown_all(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const std::string& name : names) result.push_back(shown(name));
  return result;
}

// Where a tensor of the file goes.
struct Move {
  std::string name;  // the file's
  size_t weight;
  bool transposed;
};

bool converts(DType from, DType to) {
  if (from == to || (is_floating(from) && is_floating(to))) return true;
  const bool integers = from == DType::int32 || from == DType::uint8;
  return integers && (to == DType::int64 || (to == DType::int32 && from == DType::uint8));
}

// Finds a place for everything, and says in one line what has none, before anything is read.
class Plan {
 public:
  Plan(Stateful& net, const Safetensors& file, const LoadOptions& options)
      : weights_(weights_of(net)), file_(file), options_(options) {
    for (size_t i = 0; i < weights_.all.size(); ++i) name(i, weights_.all[i].path, weights_.all[i].torch);
    for (const WeightAlias& alias : weights_.aliases) name(alias.weight, alias.path, alias.torch);
    place_all();
    find_missing();
    refuse();
  }

  const std::vector<Weight>& weights() const { return weights_.all; }
  const std::vector<Move>& moves() const { return moves_; }
  LoadReport take_report() { return std::move(report_); }

 private:
  void name(size_t weight, const std::string& path, const std::string& torch) {
    for (const std::string& name : {torch, path}) {
      if (const auto [at, is_new] = by_name_.emplace(name, weight); !is_new && at->second != weight)
        raise("load: two cells of the net are named '{}'", name);
    }
  }

  void place_all() {
    const Renames rename("load", options_.rename);
    std::vector<std::string> names;
    bool prefixed = options_.prefix.empty();
    for (const auto& [name, stored] : file_.tensors()) {
      names.push_back(name);
      if (matches_any(options_.ignore, name)) {
        report_.ignored.push_back(name);
        continue;
      }
      const bool begins = name.starts_with(options_.prefix);
      prefixed |= begins;
      const std::string ours = rename(begins ? name.substr(options_.prefix.size()) : name);
      if (const auto at = by_name_.find(ours); at != by_name_.end()) place(name, stored, at->second);
      else report_.unexpected.push_back(name), renamed_.push_back(ours);
    }
    if (!prefixed)
      raise("load: {}: no name begins with the prefix '{}'; names are as in '{}'", file_.path().string(),
            options_.prefix, names.empty() ? "" : shown(names.front()));
    require_matches("load", ".transpose", options_.transpose, names);
  }

  void place(const std::string& name, const StoredTensor& stored, size_t weight) {
    const Weight& cell = weights_.all[weight];
    const auto [first, is_new] = source_of_.emplace(weight, name);
    const bool tied = is_alias(weight);
    if (!is_new && !tied) {
      raise("load: {}: '{}' and '{}' are both for {}; see .rename and .ignore", file_.path().string(),
            shown(first->second), shown(name), cell.torch);
    }
    const bool transposed = stored.shape.size() > 1 && matches_any(options_.transpose, name);
    if (transposed && stored.shape.size() > 2)
      raise("load: {}: '{}' is {}, .transpose is for matrices", file_.path().string(), shown(name),
            Shape(stored.shape).to_string());
    std::vector<int64_t> shape = stored.shape;
    if (transposed) std::swap(shape[0], shape[1]);
    check(name, stored, shape, cell);
    moves_.push_back({name, weight, transposed});
  }

  void check(const std::string& name, const StoredTensor& stored, const std::vector<int64_t>& shape,
             const Weight& cell) {
    const Tensor value = cell.value();
    if (shape != value.shape().dims()) {
      const std::vector<int64_t> reversed(shape.rbegin(), shape.rend());
      const bool transposed = shape.size() == 2 && reversed == value.shape().dims();
      misfits_.push_back(fmt::format("{} is {} here and {} is {} in the file{}", cell.torch, value.shape().to_string(),
                                     shown(name), Shape(shape).to_string(), transposed ? " (see .transpose)" : ""));
    } else if (!stored.readable || !converts(stored.dtype, value.dtype())) {
      misfits_.push_back(fmt::format("{} is {} here and {} is {} in the file", cell.torch, name_of(value.dtype()),
                                     shown(name), stored.type));
    }
  }

  bool is_alias(size_t weight) const {
    return std::any_of(weights_.aliases.begin(), weights_.aliases.end(),
                       [&](const WeightAlias& a) { return a.weight == weight; });
  }

  // Files from before PyTorch 0.4.1 have no counters of batches.
  void find_missing() {
    for (size_t i = 0; i < weights_.all.size(); ++i) {
      if (source_of_.contains(i)) report_.loaded.push_back(weights_.all[i].torch);
      else if (weights_.all[i].counter == nullptr) report_.missing.push_back(weights_.all[i].torch);
    }
  }

  void refuse() const {
    std::vector<std::string> faults = misfits_.empty() ? std::vector<std::string>() : std::vector{listed(misfits_)};
    if (!options_.partial && !report_.missing.empty()) faults.push_back("missing " + with_nearest());
    if (!options_.partial && !report_.unexpected.empty())
      faults.push_back("unexpected " + listed(shown_all(report_.unexpected)));
    if (faults.empty() && report_.loaded.empty() && !weights_.all.empty())
      faults.push_back(fmt::format("no name of the file is one of the net's, as in {}", weights_.all[0].torch));
    if (!faults.empty())
      raise("load: {} does not fit, nothing was loaded: {}", file_.path().string(), fmt::join(faults, "; "));
  }

  // What is missing, each with the file's tensor that was meant, perhaps.
  std::string with_nearest() const {
    std::vector<std::string> texts;
    for (const std::string& name : report_.missing) {
      texts.push_back(name);
      const size_t at = texts.size() > kMostListed ? renamed_.size() : nearest(name, renamed_);
      if (at == renamed_.size()) continue;
      const std::string& given = report_.unexpected[at];
      texts.back() +=
          fmt::format(" (is it {}{}?)", shown(given), renamed_[at] == given ? "" : ", renamed " + shown(renamed_[at]));
    }
    return listed(texts);
  }

  const Weights weights_;
  const Safetensors& file_;
  const LoadOptions& options_;
  std::map<std::string, size_t> by_name_;
  std::map<size_t, std::string> source_of_;
  std::vector<Move> moves_;
  std::vector<std::string> misfits_;
  std::vector<std::string> renamed_;  // what was looked for in place of each of report_.unexpected
  LoadReport report_;
};

bool same_bits(const Tensor& a, const Tensor& b) {
  const size_t bytes = static_cast<size_t>(a.elements()) * size_of(a.dtype());
  return std::equal(a.data_as<std::byte>(), a.data_as<std::byte>() + bytes, b.data_as<std::byte>());
}

}  // namespace

std::string LoadReport::summary() const {
  std::string text = fmt::format("loaded {} tensors", loaded.size());
  if (!missing.empty()) text += "; missing: " + listed(missing);
  if (!unexpected.empty()) text += "; unexpected: " + listed(shown_all(unexpected));
  if (!ignored.empty()) text += fmt::format("; ignored {}", ignored.size());
  return text;
}

LoadReport load(Stateful& net, const std::filesystem::path& path, const LoadOptions& options) {
  const Safetensors file(path);
  Plan plan(net, file, options);
  std::map<size_t, std::pair<Tensor, std::string>> values;
  for (const Move& move : plan.moves()) {
    const Tensor before = plan.weights()[move.weight].value();
    Tensor value = file.read(move.name);
    value = contiguous((move.transposed ? value.transpose(0, 1) : value).to(before.dtype()));
    const auto [at, is_new] = values.emplace(move.weight, std::pair(value, move.name));
    if (!is_new && !same_bits(at->second.first, value)) {
      raise("load: {}: '{}' and '{}' differ, and the net has them tied; .ignore one", path.string(),
            shown(at->second.second), shown(move.name));
    }
  }
  for (auto& [weight, value] : values) value.first = value.first.to(plan.weights()[weight].value().device());
  for (auto& [weight, value] : values) plan.weights()[weight].set(std::move(value.first));
  return plan.take_report();
}

}  // namespace stet::nn
