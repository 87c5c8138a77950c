#include "stet/tensor/stateful.h"

#include "stet/tensor/error.h"
#include "stet/tensor/recorder.h"

namespace stet {

Stateful::~Stateful() {
  if (watched_.on && recorder()) recorder()->gone(*this);
}

std::string to_string(const Value& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) return v;
        else return fmt::format("{}", v);
      },
      value);
}

std::string Visitor::extend(std::string_view name) {
  if (name.empty() || name.find('/') != name.npos) {
    raise("members: '{}' below '{}' is not a name: it is empty or holds '/'", name, path_);
  }
  std::string path = path_.empty() ? std::string(name) : path_ + "/" + std::string(name);
  if (!names_.insert(path).second) raise("members: two members are named '{}'; give each its own name", path);
  return path;
}

size_t Visitor::enter(std::string_view name) {
  std::string path = extend(name);
  const size_t before = path_.size();
  path_ = std::move(path);
  return before;
}

bool Visitor::first_name(const CellState* cell, const std::string& path) {
  const auto [at, inserted] = cells_.try_emplace(cell, path);
  if (!inserted) on_alias(path, at->second);
  return inserted;
}

Visitor& Visitor::operator()(std::string_view name, Parameter& p) {
  const std::string path = extend(name);
  if (p.defined() && first_name(p.shared_state().get(), path)) on_parameter(path, p);
  return *this;
}

Visitor& Visitor::operator()(std::string_view name, Buffer& b) {
  const std::string path = extend(name);
  if (b.defined() && first_name(b.shared_state().get(), path)) on_buffer(path, b);
  return *this;
}

Visitor& Visitor::operator()(std::string_view name, Stateful& s) {
  const size_t before = enter(name);
  on_stateful(path_, s);
  path_.resize(before);
  return *this;
}

Visitor& Visitor::state(std::string_view name, ScalarRef scalar) {
  on_state(extend(name), scalar);
  return *this;
}

std::vector<NamedParameter> parameters(Stateful& s) {
  struct Collect : Visitor {
    std::vector<NamedParameter> found;
    void on_parameter(const std::string& path, Parameter& p) override { found.push_back({path, p.shared_state()}); }
  } collect;
  s.members(collect);
  return std::move(collect.found);
}

int64_t parameter_count(Stateful& s) {
  int64_t count = 0;
  for (const auto& p : parameters(s)) count += p.cell->value.elements();
  return count;
}

void to(Stateful& s, Device device) {
  struct Move : Visitor {
    Device device;
    void on_parameter(const std::string&, Parameter& p) override { p.set(p.value().detach().to(device)); }
    void on_buffer(const std::string&, Buffer& b) override { b.set(b.value().to(device)); }
  } move;
  move.device = device;
  s.members(move);
}

}  // namespace stet
