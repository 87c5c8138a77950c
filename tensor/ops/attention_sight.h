// Who sees whom in attention, for its composition and its kernels.
#pragma once

#include <cstdint>

#include "stet/tensor/ops/attention.h"

namespace stet {

/// What AttentionOptions say of T queries and S keys.
struct Sight {
  int64_t queries, keys;
  bool causal;
  Tensor seen;   ///< bool, broadcasts to [.., T, S]: what mask and lengths leave; undefined where they leave all
  Tensor added;  ///< a floating mask of at least two axes, as given; else undefined

  /// Keys up to the last that a query sees by causality.
  int64_t reached(int64_t query) const;
  /// The first query that sees a key by causality.
  int64_t first_query(int64_t key) const;
  /// Whether queries see different keys.
  bool differs_by_query() const;
  /// `added`, or +0, and -infinity where a key isn't seen: all that a kernel needs but causality. Undefined where all
  /// are seen as they are. Detached.
  Tensor mask(const Tensor& like) const;
};

/// All axes of q [.., T, D] but the last two.
Shape lead_of(const Tensor& q);

/// Of scores [lead.., T, S]. Throws UsageError or DataError naming op on a mask or lengths that don't fit.
Sight sight_of(const char* op, const Shape& lead, int64_t queries, int64_t keys, const Tensor& q,
               const AttentionOptions& options);

/// scale, or 1 / sqrt(D) for q [.., D].
double scale_of(const Tensor& q, const AttentionOptions& options);

}  // namespace stet
