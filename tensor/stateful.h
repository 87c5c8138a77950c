// The one named walk. Parameters, checkpoints, resume, to(device), logging, digests and printing all ride on it, so a
// thing that is walked can be saved, logged, verified and moved without another line.
#pragma once

#include <array>
#include <concepts>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "stet/tensor/cell.h"

namespace stet {

class Stream;
class Visitor;

namespace internal {

template <class T> inline constexpr bool holds_members = false;
template <class T> inline constexpr bool holds_members<std::vector<T>> = true;
template <class T> inline constexpr bool holds_members<std::map<std::string, T>> = true;
template <class T> inline constexpr bool holds_members<std::unique_ptr<T>> = true;
template <class T> inline constexpr bool holds_members<std::shared_ptr<T>> = true;
template <class T> inline constexpr bool holds_members<std::optional<T>> = true;

}  // namespace internal

/// A thing with named members: modules, optimizers, loaders, averages.
class Stateful {
 public:
  virtual ~Stateful();
  /// Names every member to the visitor: `v("in", in)("out", out)`; always the same ones in the same order.
  virtual void members(Visitor& v) = 0;
  /// What it is, for printed tables and records: "Linear(784, 512)".
  virtual std::string describe() const { return ""; }
  /// Has the installed Recorder told when this one is destroyed. Copies of it are not watched.
  void watch() const { watched_.on = true; }

 protected:
  Stateful() = default;
  Stateful(const Stateful&) = default;
  Stateful(Stateful&&) = default;
  Stateful& operator=(const Stateful&) = default;
  Stateful& operator=(Stateful&&) = default;

 private:
  // Of this object, not of its value.
  struct Watched {
    bool on = false;
    Watched() = default;
    Watched(const Watched&) noexcept {}
    Watched& operator=(const Watched&) noexcept { return *this; }
  };
  mutable Watched watched_;
};

/// A scalar member of the state, by reference.
using ScalarRef = std::variant<bool*, int32_t*, int64_t*, uint32_t*, uint64_t*, float*, double*, std::string*,
                               std::vector<double>*, std::vector<int64_t>*>;

/// What a walk can visit.
template <class T>
concept Walkable = !std::is_const_v<T> && (std::convertible_to<T*, Stateful*> || std::convertible_to<T*, Parameter*> ||
                                           std::convertible_to<T*, Buffer*> || std::constructible_from<ScalarRef, T*> ||
                                           internal::holds_members<T>);

/// Says in one line why a T can't be a member of the state.
template <class T> constexpr void require_walkable() {
  using Plain = std::remove_const_t<T>;
  constexpr bool is_special = std::is_same_v<Plain, Tensor> || std::is_same_v<Plain, Stream>;
  static_assert(!std::is_same_v<Plain, Tensor>,
                "a Tensor is no state by itself: make it a Parameter (trained) or a Buffer (not trained)");
  static_assert(!std::is_same_v<Plain, Stream>,
                "a Stream has no state that needs saving: its draws follow from the seed, its path and the step");
  static_assert(Walkable<T> || !Walkable<Plain> || is_special,
                "what is walked must not be const: a resumed run sets it, and members() is a non-const function");
  static_assert(Walkable<Plain> || is_special,
                "only a stet::Stateful (nn::Module, optimizer, loader), a Parameter, a Buffer, a number, a text or a "
                "container of them is state: derive the struct from stet::Stateful and name its members in members()");
}

/// A hyperparameter's or an execution setting's value.
using Value = std::variant<bool, int64_t, double, std::string>;
std::string to_string(const Value& value);

template <class T> Value to_value(const T& v) {
  if constexpr (std::is_same_v<T, bool>) return v;
  else if constexpr (std::integral<T>) return static_cast<int64_t>(v);
  else if constexpr (std::floating_point<T>) return static_cast<double>(v);
  else return std::string(v);
}

/// Visits the members of a thing, each under its path, as in `net/in/weight`. Derived visitors override the hooks for
/// the kinds they want. A cell that has several names is visited once, under its first; the others go to `on_alias`.
/// Throws UsageError on a duplicate name, or one that is empty or holds a '/'.
class Visitor {
 public:
  virtual ~Visitor() = default;

  Visitor& operator()(std::string_view name, Parameter& p);
  Visitor& operator()(std::string_view name, Buffer& b);
  Visitor& operator()(std::string_view name, Stateful& s);

  /// A scalar that belongs to the state: saved, restored, digested.
  template <class T>
  requires std::constructible_from<ScalarRef, T*> Visitor& operator()(std::string_view name, T& scalar) {
    return state(name, ScalarRef(&scalar));
  }
  template <class T>
  requires(!std::constructible_from<ScalarRef, std::vector<T>*>) Visitor& operator()(std::string_view name,
                                                                                     std::vector<T>& items) {
    return group(name, [&](Visitor& v) {
      for (size_t i = 0; i < items.size(); ++i) v(std::to_string(i), items[i]);
    });
  }
  /// Each under its key, in the keys' order; the keys are names.
  template <class T> Visitor& operator()(std::string_view name, std::map<std::string, T>& items) {
    return group(name, [&](Visitor& v) {
      for (auto& [key, item] : items) v(key, item);
    });
  }
  template <class T> Visitor& operator()(std::string_view name, std::unique_ptr<T>& item) {
    return item ? (*this)(name, *item) : *this;
  }
  template <class T> Visitor& operator()(std::string_view name, std::shared_ptr<T>& item) {
    return item ? (*this)(name, *item) : *this;
  }
  template <class T> Visitor& operator()(std::string_view name, std::optional<T>& item) {
    return item ? (*this)(name, *item) : *this;
  }

  /// Anything else: an error that says what is missing.
  template <class T>
  requires(!Walkable<T>) Visitor& operator()(std::string_view, T&) {
    require_walkable<T>();
    return *this;
  }

  /// A hyperparameter: recorded, compared on resume, never loaded.
  template <class T> Visitor& hyper(std::string_view name, const T& value) {
    on_hyper(extend(name), to_value(value));
    return *this;
  }
  /// How it runs (threads, workers, device): recorded only.
  template <class T> Visitor& execution(std::string_view name, const T& value) {
    on_execution(extend(name), to_value(value));
    return *this;
  }
  /// Members one name deeper, named by `body(visitor)`.
  template <class Body> Visitor& group(std::string_view name, Body&& body) {
    const size_t before = enter(name);
    body(*this);
    path_.resize(before);
    return *this;
  }
  /// The same below a path of several names that was itself given by a walk, as in "in/weight".
  template <class Body> Visitor& group_at(std::string_view path, Body&& body) {
    const size_t slash = path.find('/');
    if (slash == std::string_view::npos) return group(path, body);
    return shared_group(path.substr(0, slash), [&](Visitor& v) { v.group_at(path.substr(slash + 1), body); });
  }

 protected:
  virtual void on_parameter(const std::string&, Parameter&) {}
  virtual void on_buffer(const std::string&, Buffer&) {}
  virtual void on_state(const std::string&, ScalarRef) {}
  virtual void on_hyper(const std::string&, const Value&) {}
  virtual void on_execution(const std::string&, const Value&) {}
  virtual void on_alias(const std::string& /*path*/, const std::string& /*first*/) {}
  /// Around a Stateful's own members; by default walks them.
  virtual void on_stateful(const std::string&, Stateful& s) { s.members(*this); }

 private:
  Visitor& state(std::string_view name, ScalarRef scalar);
  std::string extend(std::string_view name);
  size_t enter(std::string_view name);
  template <class Body> Visitor& shared_group(std::string_view name, Body&& body) {
    const size_t before = path_.size();
    path_ += path_.empty() ? "" : "/";
    path_ += name;
    body(*this);
    path_.resize(before);
    return *this;
  }
  bool first_name(const CellState* cell, const std::string& path);

  std::string path_;
  std::set<std::string, std::less<>> names_;
  std::map<const CellState*, std::string> cells_;
};

/// A parameter and its path.
struct NamedParameter {
  std::string name;
  std::shared_ptr<CellState> cell;
};

/// The parameters of a thing in walk order, each once.
std::vector<NamedParameter> parameters(Stateful& s);
/// The number of trained elements.
int64_t parameter_count(Stateful& s);
/// Moves every cell of a thing to a device.
void to(Stateful& s, Device device);

}  // namespace stet
