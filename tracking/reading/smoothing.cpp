#include "stet/tracking/reading/smoothing.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace stet::tracking {
namespace {

double difference(int64_t to, int64_t from) { return static_cast<double>(to) - static_cast<double>(from); }

// 1 + q + … + q^(n - 1), of log q.
double geometric_sum(double log_q, double n) { return log_q == 0 ? n : std::expm1(n * log_q) / std::expm1(log_q); }

}  // namespace

void Smoother::add(const SeriesBucket& bucket) {
  if (bucket.finite() == 0) return;
  const auto count = static_cast<double>(bucket.finite());
  double log_q = 0, log_decay = 0;  // of the weight from one point to the next, and of what all before keep
  if (half_life_ > 0) {
    const double rate = -std::numbers::ln2 / half_life_;
    if (bucket.count > 1)
      log_q = rate * difference(bucket.last_step, bucket.first_step) / static_cast<double>(bucket.count - 1);
    log_decay = rate * difference(bucket.last_step, last_step_);
  } else {
    log_q = std::log(weight_);
    log_decay = count * log_q;
  }
  const double decay = weights_ > 0 ? std::exp(log_decay) : 0;
  const double own = geometric_sum(log_q, count);
  sum_ = decay * sum_ + own * bucket.mean();
  weights_ = decay * weights_ + own;
  last_step_ = bucket.last_step;
}

double Smoother::value() const { return weights_ > 0 ? sum_ / weights_ : std::numeric_limits<double>::quiet_NaN(); }

}  // namespace stet::tracking
