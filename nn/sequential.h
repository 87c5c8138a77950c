// Sequential: layers called one after another.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "stet/nn/module.h"

namespace stet::nn {

/// What a Sequential can hold: anything that maps a tensor to a tensor and can be copied; a module, a function such as
/// relu, a lambda.
template <class L>
concept Layer = std::copy_constructible<L> && requires(L& layer, const Tensor& x) {
  { layer(x) } -> std::convertible_to<Tensor>;
};

/// Layers called one after another, held by value: `nn::Sequential(nn::Linear(784, 512, rng / 0), relu, nn::Linear(512,
/// 10, rng / 1))`. They are named "0", "1", …, or as given to add(). A copy has cells of its own.
class Sequential : public Module {
 public:
  template <class... L>
  requires(!(sizeof...(L) == 1 &&
             (std::same_as<std::decay_t<L>, Sequential> && ...))) explicit Sequential(L&&... layers) {
    constexpr bool fit = (Layer<std::decay_t<L>> && ...);
    static_assert(fit,
                  "a layer of a Sequential maps one tensor to one and can be copied: nn::GELU(), not gelu, whose other "
                  "arguments have defaults; of an LSTM or an attention with other results, a lambda or a struct");
    if constexpr (fit) (add(std::forward<L>(layers)), ...);
  }
  Sequential(const Sequential& other);
  Sequential(Sequential&&) noexcept = default;
  /// Layers of the same kinds keep their cells and take the values; else all are replaced by copies.
  Sequential& operator=(const Sequential& other);
  Sequential& operator=(Sequential&&) noexcept = default;

  /// Appends a layer; its name is its number unless given. Throws UsageError if the name is taken.
  template <class L>
  requires Layer<std::decay_t<L>> Sequential& add(std::string name, L&& layer) {
    append(std::move(name), std::make_unique<Held<std::decay_t<L>>>(std::forward<L>(layer)));
    return *this;
  }
  template <class L>
  requires Layer<std::decay_t<L>> Sequential& add(L&& layer) {
    return add(std::to_string(layers_.size()), std::forward<L>(layer));
  }

  Tensor operator()(const Tensor& x);
  size_t size() const { return layers_.size(); }
  /// The i-th layer, of type L. Throws UsageError if there is none, or it has another type.
  template <class L> L& get(size_t i) {
    auto* held = i < layers_.size() ? dynamic_cast<Held<L>*>(layers_[i].layer.get()) : nullptr;
    if (!held) fail_get(i);
    return held->layer;
  }

  void members(Visitor& v) override;

 private:
  struct Holder {
    virtual ~Holder() = default;
    virtual Tensor call(const Tensor& x) = 0;
    virtual Stateful* stateful() = 0;
    virtual std::unique_ptr<Holder> clone() const = 0;
    /// Takes the other's value, if it has the same type.
    virtual bool assign(const Holder& other) = 0;
  };
  template <class L> struct Held final : Holder {
    explicit Held(L l) : layer(std::move(l)) {}
    Tensor call(const Tensor& x) override { return layer(x); }
    Stateful* stateful() override {
      if constexpr (std::derived_from<L, Stateful>) return &layer;
      else return nullptr;
    }
    std::unique_ptr<Holder> clone() const override { return std::make_unique<Held>(layer); }
    bool assign(const Holder& other) override {
      if constexpr (std::copyable<L>) {
        if (auto* same = dynamic_cast<const Held*>(&other)) {
          layer = same->layer;
          return true;
        }
      }
      return false;
    }
    L layer;
  };
  struct Entry {
    std::string name;
    std::unique_ptr<Holder> layer;
  };

  void append(std::string name, std::unique_ptr<Holder> layer);
  [[noreturn]] void fail_get(size_t i) const;

  std::vector<Entry> layers_;
};

}  // namespace stet::nn
