#include "stet/nn/weights/names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "stet/nn/attention.h"
#include "stet/nn/recurrent.h"

namespace stet::nn {
namespace {

std::string dotted(std::string path) {
  std::replace(path.begin(), path.end(), '/', '.');
  return path;
}

// "input" is "weight_ih".
std::optional<std::string> name_in_cell(std::string_view member) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> names{
      {{"input", "weight_ih"}, {"recurrent", "weight_hh"}, {"input_bias", "bias_ih"}, {"recurrent_bias", "bias_hh"}}};
  for (const auto& [ours, theirs] : names) {
    if (member == ours) return std::string(theirs);
  }
  return std::nullopt;
}

// "0/input" is "weight_ih_l0", "0_reverse/input" is "weight_ih_l0_reverse".
std::optional<std::string> name_in_layers(std::string_view member) {
  const size_t slash = member.find('/');
  if (slash == member.npos) return std::nullopt;
  const auto name = name_in_cell(member.substr(slash + 1));
  if (!name) return std::nullopt;
  return *name + "_l" + std::string(member.substr(0, slash));
}

bool is_cell(const Stateful& layer) {
  return dynamic_cast<const LSTMCell*>(&layer) != nullptr || dynamic_cast<const GRUCell*>(&layer) != nullptr ||
         dynamic_cast<const RNNCell*>(&layer) != nullptr;
}

std::optional<std::string> name_in_attention(std::string_view member) {
  if (member == "qkv/weight") return "in_proj_weight";
  if (member == "qkv/bias") return "in_proj_bias";
  if (member.starts_with("projection/")) return "out_proj." + std::string(member.substr(member.find('/') + 1));
  return std::nullopt;
}

// What PyTorch calls a member of a layer, where that isn't its path.
std::optional<std::string> name_in(const Stateful& layer, std::string_view member) {
  if (dynamic_cast<const Recurrent*>(&layer) != nullptr) return name_in_layers(member);
  if (is_cell(layer)) return name_in_cell(member);
  if (dynamic_cast<const MultiHeadAttention*>(&layer) != nullptr) return name_in_attention(member);
  return std::nullopt;
}

class Collect final : public Visitor {
 public:
  explicit Collect(Stateful& net) : scopes_{{"", &net}} { net.members(*this); }

  Weights found;

 private:
  struct Scope {
    std::string prefix;  // with its '/'
    const Stateful* thing;
  };

  void on_stateful(const std::string& path, Stateful& s) override {
    scopes_.push_back({path + "/", &s});
    s.members(*this);
    scopes_.pop_back();
  }
  void on_parameter(const std::string& path, Parameter& p) override { add(path, {.parameter = &p}); }
  void on_buffer(const std::string& path, Buffer& b) override { add(path, {.buffer = &b}); }
  void on_state(const std::string& path, ScalarRef ref) override {
    constexpr std::string_view counter = "batches_tracked";
    const bool named = path == counter || path.ends_with("/" + std::string(counter));
    if (auto* count = std::get_if<int64_t*>(&ref); named && count != nullptr) add(path, {.counter = *count});
  }
  void on_alias(const std::string& path, const std::string& first) override {
    const std::string name = dotted(first);
    const auto at = std::find_if(found.all.begin(), found.all.end(), [&](const Weight& w) { return w.path == name; });
    if (at != found.all.end())
      found.aliases.push_back({dotted(path), torch_name(path), static_cast<size_t>(at - found.all.begin())});
  }

  void add(const std::string& path, Weight weight) {
    weight.path = dotted(path);
    weight.torch = torch_name(path);
    if (weight.counter != nullptr)
      weight.torch.insert(weight.torch.size() - std::string_view("batches_tracked").size(), "num_");
    found.all.push_back(std::move(weight));
  }

  // The innermost layer that has a name of PyTorch's for it.
  std::string torch_name(const std::string& path) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (const auto name = name_in(*scope->thing, std::string_view(path).substr(scope->prefix.size())))
        return dotted(scope->prefix) + *name;
    }
    return dotted(path);
  }

  std::vector<Scope> scopes_;
};

}  // namespace

Tensor Weight::value() const {
  if (parameter != nullptr) return parameter->value().detach();
  return buffer != nullptr ? buffer->value() : Tensor(*counter);
}

void Weight::set(Tensor value) const {
  if (parameter != nullptr) parameter->set(std::move(value));
  else if (buffer != nullptr) buffer->set(std::move(value));
  else *counter = value.item<int64_t>();
}

Weights weights_of(Stateful& net) { return std::move(Collect(net).found); }

}  // namespace stet::nn
