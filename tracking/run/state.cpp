#include "stet/tracking/run/state.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/finite.h"
#include "stet/tracking/record/restore.h"
#include "stet/tracking/record/state_visitors.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// A Kept is named through this, so that names are checked as all others.
struct KeptTensor : Stateful {
  Tensor& value;
  std::string path;
  KeptTensor(Tensor& v, std::string p) : value(v), path(std::move(p)) {}
  void members(Visitor& v) override {
    if (auto* s = dynamic_cast<StateVisitor*>(&v)) s->kept_tensor(path, value);
  }
};

template <class T> ScalarValue to_scalar_value(const T& v) { return static_cast<StoredAs<T>>(v); }

class Save final : public StateVisitor {
 public:
  explicit Save(Checkpoint& checkpoint) : out_(checkpoint) {}

 protected:
  void tensor(const std::string& path, TensorKind kind, const Tensor& value, const Setter&) override {
    auto held = std::make_shared<const Tensor>(contiguous(value.to(cpu)));
    out_.tensors.push_back({path, kind, held->dtype(), held->shape().dims(), bytes_of(*held), held});
  }
  void scalar(const std::string& path, ScalarRef ref) override {
    std::visit(
        [&](auto* p) {
          if constexpr (!StateVector<std::remove_pointer_t<decltype(p)>>)
            out_.scalars.push_back({path, to_scalar_value(*p)});
        },
        ref);
  }
  void vector(const std::string& path, ScalarRef ref) override {
    std::visit(
        [&](auto* p) {
          using T = std::remove_pointer_t<decltype(p)>;
          if constexpr (StateVector<T>) {
            out_.tensors.push_back({path,
                                    TensorKind::buffer,
                                    dtype_of<typename T::value_type>,
                                    {static_cast<int64_t>(p->size())},
                                    std::as_bytes(std::span(*p)),
                                    nullptr});
          }
        },
        ref);
  }
  void on_alias(const std::string& path, const std::string& first) override { out_.aliases.push_back({path, first}); }

 private:
  Checkpoint& out_;
};

class Digests final : public StateVisitor {
 public:
  PendingDigests take() {
    for (const auto& [device, tasks] : tasks_) result_.reads.push_back(backend(device).digests(tasks));
    return std::move(result_);
  }

 protected:
  void tensor(const std::string& path, TensorKind, const Tensor& value, const Setter&) override {
    if (value.device() == cpu) return add(path, digest(path, value));
    auto at = std::find_if(tasks_.begin(), tasks_.end(), [&](const auto& t) { return t.first == value.device(); });
    if (at == tasks_.end()) at = tasks_.insert(at, {value.device(), {}});
    add(path, {}, static_cast<size_t>(at - tasks_.begin()), at->second.size());
    at->second.push_back(
        {DigestSalt(path, name_of(value.dtype()), value.shape().to_string()), contiguous(value.detach())});
  }
  void scalar(const std::string& path, ScalarRef ref) override {
    std::visit(
        [&](auto* p) {
          using T = std::remove_pointer_t<decltype(p)>;
          if constexpr (!StateVector<T>) {
            std::visit(
                [&](const auto& v) {
                  if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) add(path, digest_text(path, v));
                  else add(path, digest(path, v));
                },
                to_scalar_value(*p));
          }
        },
        ref);
  }
  void vector(const std::string& path, ScalarRef ref) override {
    std::visit(
        [&](auto* p) {
          if constexpr (StateVector<std::remove_pointer_t<decltype(p)>>) add(path, digest(path, Tensor::from(*p)));
        },
        ref);
  }

 private:
  void add(const std::string& path, const Digest& known, std::optional<size_t> read = {}, size_t position = 0) {
    result_.names.push_back(path);
    result_.parts.push_back({known, read, position});
  }
  PendingDigests result_;
  std::vector<std::pair<Device, std::vector<DigestTask>>> tasks_;
};

bool is_finite(const TensorEntry& entry) {
  return visit_floating(entry.dtype, [&]<class T>(T) {
    return all_finite(reinterpret_cast<const T*>(entry.data.data()),
                      static_cast<int64_t>(entry.data.size() / sizeof(T)));
  });
}

// As the first part of a path in a checkpoint.
bool can_be_name(std::string_view name) {
  return !name.empty() && name != "." && name != "stet" && name.find('/') == name.npos;
}

}  // namespace

void State::track(std::string name, std::function<void(Visitor&)> walk) {
  require_utf8("track", "the name", name);
  if (!can_be_name(name)) raise("track: '{}' can't be a name: it is empty, holds '/', or is '.' or 'stet'", name);
  if (is_taken(name)) raise("track: '{}' is tracked already; give each thing its own name", name);
  tracked_.push_back({std::move(name), std::move(walk)});
}

void State::watch(std::string_view name, const Stateful& thing) {
  for (Tracked& tracked : tracked_) {
    if (tracked.name == name) tracked.watched = &thing;
  }
  thing.watch();
}

void State::gone(const Stateful& thing) noexcept {
  for (Tracked& tracked : tracked_) {
    if (tracked.watched != &thing) continue;
    tracked.gone = true;
    tracked.watched = nullptr;  // another thing may come to lie there
  }
}

bool State::is_taken(std::string_view name) const {
  return std::any_of(tracked_.begin(), tracked_.end(), [&](const auto& tracked) { return tracked.name == name; }) ||
         std::any_of(kept_.begin(), kept_.end(), [&](const auto& kept) { return kept.first == name; });
}

void State::keep(const std::string& name, KeptRef value) {
  require_utf8("Kept", "the name", name);
  if (!can_be_name(name)) raise("Kept: '{}' can't be a name: it is empty, holds '/', or is '.' or 'stet'", name);
  if (is_taken(name)) raise("Kept: '{}' is tracked already; give each value its own name", name);
  kept_.emplace_back(name, value);
}

void State::release(const std::string& name) {
  std::erase_if(kept_, [&](const auto& entry) { return entry.first == name; });
}

void State::walk(Visitor& v) const {
  for (const Tracked& tracked : tracked_) {
    if (tracked.gone)
      raise(
          "track: '{}' was destroyed while the run still trains; keep what is tracked alive as long as its loops, as a "
          "variable of main",
          tracked.name);
    tracked.walk(v);
  }
  for (const auto& [name, ref] : kept_) {
    if (const auto* scalar = std::get_if<ScalarRef>(&ref)) {
      std::visit([&, &path = name](auto* p) { v(path, *p); }, *scalar);
    } else {
      KeptTensor thing(*std::get<Tensor*>(ref), name);
      v(name, static_cast<Stateful&>(thing));
    }
  }
}

bool State::holds(const Stateful& thing) const {
  struct Find : Visitor {
    const Stateful* wanted;
    bool found = false;
    void on_stateful(const std::string&, Stateful& s) override {
      if (&s == wanted) found = true;
      else s.members(*this);
    }
  } find;
  find.wanted = &thing;
  walk(find);
  return find.found;
}

void State::require_tracked(int64_t step, const Stateful& optimizer,
                            const std::vector<std::shared_ptr<CellState>>& parameters) const {
  if (!holds(optimizer))
    raise("step {}: an optimizer that is not tracked trains; name it before the loop, as in run.track(\"opt\", opt)",
          step);
  struct Collect : Visitor {
    std::set<std::shared_ptr<CellState>> cells;
    void on_parameter(const std::string&, Parameter& p) override { cells.insert(p.shared_state()); }
  } collect;
  walk(collect);
  const auto is_tracked = [&](const auto& p) { return collect.cells.contains(p); };
  if (!std::all_of(parameters.begin(), parameters.end(), is_tracked))
    raise(
        "step {}: an optimizer trains parameters that are not tracked; name their network before the loop, as in "
        "run.track(\"net\", net)",
        step);
}

void State::save(Checkpoint& checkpoint) const {
  Save save(checkpoint);
  walk(save);
}

void State::restore(const Checkpoint& checkpoint) {
  Restore check(checkpoint, false, device_);
  walk(check);
  if (const std::string differences = check.differences(); !differences.empty()) {
    raise(
        "resume: the tracked state does not fit the checkpoint: {}; start a new run, or resume with the program as it "
        "was",
        differences);
  }
  Restore apply(checkpoint, true, device_);
  walk(apply);
}

void State::restore_what_fits(const Checkpoint& checkpoint) {
  Restore apply(checkpoint, true, device_);
  walk(apply);
}

PendingDigests State::digests_later() const {
  Digests d;
  walk(d);
  return d.take();
}

StateDigests PendingDigests::take() const {
  DigestSum sum;
  StateDigests result{{}, names, {}};
  for (const Part& part : parts) {
    Digest d = part.known;
    if (part.read) std::memcpy(&d, reads[*part.read]->bytes().data() + part.position * sizeof(Digest), sizeof(Digest));
    sum.add(d);
    result.leaves.push_back(d.leaf());
  }
  result.root = sum.value();
  return result;
}

std::string non_finite_parameter(const Checkpoint& checkpoint) {
  for (const TensorEntry& entry : checkpoint.tensors) {
    if (entry.kind == TensorKind::parameter && is_floating(entry.dtype) && !is_finite(entry)) return entry.path;
  }
  return "";
}

std::vector<Reported> State::reported() const {
  struct Collect : Visitor {
    std::vector<Reported> found;
    void on_hyper(const std::string& path, const Value& value) override { found.push_back({path, value, false}); }
    void on_execution(const std::string& path, const Value& value) override { found.push_back({path, value, true}); }
  } collect;
  walk(collect);
  return std::move(collect.found);
}

std::vector<TrackedShape> State::shapes() const {
  struct Collect : StateVisitor {
    std::vector<TrackedShape> found;
    void tensor(const std::string& path, TensorKind, const Tensor& value, const Setter&) override {
      found.push_back({path, value.dtype(), value.shape(), ""});
    }
    void scalar(const std::string&, ScalarRef) override {}
    void vector(const std::string&, ScalarRef) override {}
    void on_alias(const std::string& path, const std::string& first) override {
      found.push_back({path, {}, {}, first});
    }
  } collect;
  walk(collect);
  return std::move(collect.found);
}

int64_t State::bytes() const {
  int64_t sum = 0;
  for (const auto& s : shapes()) {
    if (s.alias_of.empty()) sum += s.shape.elements() * static_cast<int64_t>(size_of(s.dtype));
  }
  return sum;
}

int64_t State::parameter_count() const {
  struct Count : Visitor {
    int64_t sum = 0;
    void on_parameter(const std::string&, Parameter& p) override { sum += p.shape().elements(); }
  } count;
  walk(count);
  return count.sum;
}

bool State::is_on(Device device) const {
  struct Find : Visitor {
    Device wanted;
    bool found = false;
    void on_parameter(const std::string&, Parameter& p) override {
      found |= p.shared_state()->value.device() == wanted;
    }
  } find;
  find.wanted = device;
  walk(find);
  return find.found;
}

// A program that says nothing of run.device() would train on the CPU, and the record would name another device.
void State::require_on_device() const {
  if (device_ == cpu || parameter_count() == 0 || is_on(device_)) return;
  raise("--device {}: no parameter that is tracked is there; the program must move them, as in to(net, run.device())",
        device_.to_string());
}

std::string State::summary() const {
  struct Describe : Visitor {
    std::string text;
    void on_stateful(const std::string& path, Stateful& s) override {
      if (const std::string what = s.describe(); !what.empty()) text += path + ": " + what + "\n";
      s.members(*this);
    }
  } describe;
  walk(describe);
  return std::move(describe.text);
}

}  // namespace stet::tracking
