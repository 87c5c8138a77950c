// Setting a walked thing from a checkpoint's entries. Private to tracking/.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "stet/tracking/record/state_visitors.h"

namespace stet::tracking {

/// Compares the state with a checkpoint's entries and, where asked, sets it.
class Restore final : public StateVisitor {
 public:
  /// `device`: where a Kept tensor goes that has no value yet.
  Restore(const Checkpoint& checkpoint, bool apply, Device device);

  /// What does not fit, in one line; empty: all does.
  std::string differences();
  void kept_tensor(const std::string& path, Tensor& value) override;

 protected:
  void tensor(const std::string& path, TensorKind kind, const Tensor& value, const Setter& set) override;
  void scalar(const std::string& path, ScalarRef ref) override;
  void vector(const std::string& path, ScalarRef ref) override;

 private:
  template <class Entries>
  auto find(const Entries& entries, const std::string& path) -> decltype(entries.begin()->second);

  const bool apply_;
  const Device device_;
  std::map<std::string, const TensorEntry*> tensors_;
  std::map<std::string, const ScalarEntry*> scalars_;
  std::set<std::string> seen_;
  std::vector<std::string> missing_, extra_, misshapen_;
};

}  // namespace stet::tracking
