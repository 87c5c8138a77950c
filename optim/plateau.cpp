#include "stet/optim/plateau.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/recorder.h"

namespace stet::optim {

namespace {

double worst(Mode mode) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return mode == Mode::min ? infinity : -infinity;
}

bool is_better(Mode mode, double value, double bound) { return mode == Mode::min ? value < bound : value > bound; }

const char* name_of(Mode mode) { return mode == Mode::min ? "min" : "max"; }

}  // namespace

Plateau::Plateau(Optimizer& optimizer, const PlateauOptions& o)
    : optimizer_(&optimizer), options_(o), best_(worst(o.mode)) {
  if (!(o.factor > 0 && o.factor < 1)) raise("Plateau: factor {} is outside (0, 1)", o.factor);
  if (o.patience < 0) raise("Plateau: patience {} is negative", o.patience);
  if (o.cooldown < 0) raise("Plateau: cooldown {} is negative", o.cooldown);
  if (!(o.threshold >= 0)) raise("Plateau: threshold {} is negative", o.threshold);
  if (!(o.min_lr >= 0)) raise("Plateau: min_lr {} is negative", o.min_lr);
  if (!(o.least_change >= 0)) raise("Plateau: least_change {} is negative", o.least_change);
}

// What a value must be better than.
double Plateau::bound() const {
  if (std::isinf(best_)) return best_;
  const double margin = options_.mode == Mode::min ? -options_.threshold : options_.threshold;
  if (options_.absolute) return best_ + margin;
  return best_ * (1 + (best_ < 0 ? -margin : margin));
}

bool Plateau::step(double value) {
  const ContractFloatEnv env;
  if (Recorder* r = recorder()) r->changing(*this, "Plateau");
  if (is_better(options_.mode, value, bound())) {
    best_ = value;
    bad_ = 0;
  } else {
    ++bad_;
  }
  if (cooling_ > 0) {
    --cooling_;
    bad_ = 0;
  }
  if (bad_ <= options_.patience) return false;
  cooling_ = options_.cooldown;
  bad_ = 0;
  const double before = optimizer_->base_learning_rate(), after = std::max(before * options_.factor, options_.min_lr);
  if (!(before - after > options_.least_change)) return false;
  optimizer_->set_learning_rate(after);
  return true;
}

void Plateau::members(Visitor& v) {
  v("best", best_)("bad", bad_)("cooling", cooling_);
  v.hyper("mode", name_of(options_.mode)).hyper("factor", options_.factor).hyper("patience", options_.patience);
  v.hyper("threshold", options_.threshold).hyper("absolute", options_.absolute).hyper("cooldown", options_.cooldown);
  v.hyper("min_lr", options_.min_lr);
  if (options_.least_change > 0) v.hyper("least_change", options_.least_change);
}

EarlyStopping::EarlyStopping(const EarlyStoppingOptions& o) : options_(o), best_(worst(o.mode)) {
  if (o.patience < 1) raise("EarlyStopping: patience {} is below 1", o.patience);
  if (!(o.min_delta >= 0)) raise("EarlyStopping: min_delta {} is negative", o.min_delta);
}

bool EarlyStopping::step(double value) {
  const ContractFloatEnv env;
  if (Recorder* r = recorder()) r->changing(*this, "EarlyStopping");
  ++steps_;
  const double margin = options_.mode == Mode::min ? -options_.min_delta : options_.min_delta;
  if (is_better(options_.mode, value, best_ + margin)) {
    best_ = value;
    best_step_ = steps_;
    bad_ = 0;
  } else {
    ++bad_;
  }
  return stopped();
}

void EarlyStopping::members(Visitor& v) {
  v("best", best_)("steps", steps_)("best_step", best_step_)("bad", bad_);
  v.hyper("mode", name_of(options_.mode)).hyper("patience", options_.patience).hyper("min_delta", options_.min_delta);
}

}  // namespace stet::optim
