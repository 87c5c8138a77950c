#include "stet/nn/weights/load.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "stet/nn/weights/names.h"
#include "stet/nn/weights/parts.h"
#include "stet/nn/weights/renames.h"
#include "stet/nn/weights/safetensors.h"
#include "stet/nn/weights/safetensors_header.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/shape_ops.h"
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

// A tensor of the file, as the net has it.
struct Source {
  std::string name;  // the file's
  StoredTensor stored;
  bool transposed = false;
  std::vector<int64_t> shape = {};
};

// What a cell is set from: sources one behind another, of which it takes rows from `begin` on.
struct Move {
  std::vector<Source> sources;
  size_t weight;
  int64_t begin = 0;
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
    place_joined();
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
    const Parts parts(options_.join, options_.split);
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
      const Source source = source_of(name, stored);
      if (const auto part = parts.part(ours)) join(source, *part);
      else if (const auto held = parts.held(ours); !held.empty()) split(source, ours, held);
      else if (const auto at = by_name_.find(ours); at != by_name_.end()) place({{source}, at->second}, source.shape);
      else refuse_name(name, ours);
    }
    if (!prefixed)
      raise("load: {}: no name begins with the prefix '{}'; names are as in '{}'", file_.path().string(),
            options_.prefix, names.empty() ? "" : shown(names.front()));
    require_matches("load", ".transpose", options_.transpose, names);
  }

  void refuse_name(const std::string& name, const std::string& ours) {
    report_.unexpected.push_back(name);
    renamed_.push_back(ours);
  }

  Source source_of(const std::string& name, const StoredTensor& stored) const {
    const bool transposed = stored.shape.size() > 1 && matches_any(options_.transpose, name);
    if (transposed && stored.shape.size() > 2)
      raise("load: {}: '{}' is {}, .transpose is for matrices", file_.path().string(), shown(name),
            Shape(stored.shape).to_string());
    std::vector<int64_t> shape = stored.shape;
    if (transposed) std::swap(shape[0], shape[1]);
    return {name, stored, transposed, std::move(shape)};
  }

  // Keeps a part until all of them are there.
  void join(const Source& source, const Parts::Part& part) {
    if (!by_name_.contains(part.whole)) return refuse_name(source.name, part.whole);
    auto& found = joined_[part.whole];
    found.resize(std::max(found.size(), part.of));
    if (found[part.at])
      raise("load: {}: '{}' and '{}' are the same part of {}; see .join", file_.path().string(),
            shown(found[part.at]->name), shown(source.name), part.whole);
    found[part.at] = source;
  }

  void place_joined() {
    for (const auto& [whole, found] : joined_) {
      Move move{{}, by_name_.at(whole)};
      for (const auto& source : found) {
        if (source) move.sources.push_back(*source);
      }
      std::vector<int64_t> shape = move.sources[0].shape;
      bool fits = move.sources.size() == found.size() && !shape.empty();
      for (size_t i = 1; i < move.sources.size() && fits; ++i) {
        const std::vector<int64_t>& other = move.sources[i].shape;
        fits = other.size() == shape.size() && std::equal(other.begin() + 1, other.end(), shape.begin() + 1);
        if (fits) shape[0] += other[0];
      }
      if (fits) {
        place(std::move(move), shape);
        continue;
      }
      source_of_.emplace(move.weight, move.sources[0].name);
      misfits_.push_back(fmt::format("{} is joined of {} tensors, and {} fit in the file, as {} {}", whole,
                                     found.size(), move.sources.size() == found.size() ? "not all" : "only some",
                                     shown(move.sources[0].name), Shape(move.sources[0].shape).to_string()));
    }
  }

  void split(const Source& source, const std::string& ours, const std::vector<std::string>& names) {
    std::vector<size_t> weights;
    int64_t rows = 0;
    for (const std::string& name : names) {
      const auto at = by_name_.find(name);
      if (at == by_name_.end()) return refuse_name(source.name, name);
      weights.push_back(at->second);
      const Tensor value = weights_.all[at->second].value();
      rows += value.rank() == 0 ? 0 : value.size(0);
    }
    if (source.shape.empty() || source.shape[0] != rows) {
      for (const size_t weight : weights) source_of_.emplace(weight, source.name);
      misfits_.push_back(fmt::format("{} has {} rows in {} parts here and is {} in the file", ours, rows, names.size(),
                                     Shape(source.shape).to_string()));
      return;
    }
    int64_t begin = 0;
    for (const size_t weight : weights) {
      std::vector<int64_t> shape = source.shape;
      shape[0] = weights_.all[weight].value().size(0);
      place({{source}, weight, begin}, shape);
      begin += shape[0];
    }
  }

  void place(Move move, const std::vector<int64_t>& shape) {
    const Weight& cell = weights_.all[move.weight];
    const auto [first, is_new] = source_of_.emplace(move.weight, move.sources[0].name);
    const bool tied = is_alias(move.weight);
    if (!is_new && !tied) {
      raise("load: {}: '{}' and '{}' are both for {}; see .rename and .ignore", file_.path().string(),
            shown(first->second), shown(move.sources[0].name), cell.torch);
    }
    for (const Source& source : move.sources) check(source.name, source.stored, shape, cell);
    moves_.push_back(std::move(move));
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
  std::map<std::string, std::vector<std::optional<Source>>> joined_;
  std::vector<Move> moves_;
  std::vector<std::string> misfits_;
  std::vector<std::string> renamed_;  // what was looked for in place of each of report_.unexpected
  LoadReport report_;
};

bool same_bits(const Tensor& a, const Tensor& b) {
  const size_t bytes = static_cast<size_t>(a.elements()) * size_of(a.dtype());
  return std::equal(a.data_as<std::byte>(), a.data_as<std::byte>() + bytes, b.data_as<std::byte>());
}

// What a cell becomes, of the dtype and shape that it has.
Tensor read(const Safetensors& file, const Move& move, const Tensor& before) {
  std::vector<Tensor> parts;
  for (const Source& source : move.sources) {
    const Tensor stored = file.read(source.name);
    parts.push_back((source.transposed ? stored.transpose(0, 1) : stored).to(before.dtype()));
  }
  const Tensor whole = parts.size() == 1 ? parts[0] : concatenate(parts, 0);
  if (before.rank() == 0 || whole.size(0) == before.size(0)) return contiguous(whole);
  return contiguous(whole.slice(0, move.begin, move.begin + before.size(0)));
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
    const Tensor value = read(file, move, plan.weights()[move.weight].value());
    const std::string& name = move.sources[0].name;
    const auto [at, is_new] = values.emplace(move.weight, std::pair(value, name));
    if (!is_new && !same_bits(at->second.first, value)) {
      raise("load: {}: '{}' and '{}' differ, and the net has them tied; .ignore one", path.string(),
            shown(at->second.second), shown(name));
    }
  }
  for (auto& [weight, value] : values) value.first = value.first.to(plan.weights()[weight].value().device());
  for (auto& [weight, value] : values) plan.weights()[weight].set(std::move(value.first));
  return plan.take_report();
}

}  // namespace stet::nn
