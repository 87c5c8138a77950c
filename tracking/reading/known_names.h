// What the runs of an index have that a query can name. Private to reading/ and what completes queries.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stet/tracking/query/completion.h"
#include "stet/tracking/reading/run_index.h"

namespace stet::tracking {

/// Of all runs, as quickly as a key in a shell wants it: only texts say how many runs have them.
class QuickNames : public query::KnownNames {
 public:
  explicit QuickNames(RunIndex& index) : index_(index) {}
  std::vector<Known> params() override;
  std::vector<Known> metrics() override;
  std::vector<KnownSeries> series() override;
  std::vector<Known> data() override;
  std::vector<Known> texts(const query::Expression& of) override;

 private:
  RunIndex& index_;
};

/// Of some runs, with how many of them have it, and how much. The arguments must outlive it.
class CountedNames : public query::KnownNames {
 public:
  CountedNames(RunIndex& index, const std::vector<IndexedRun>& runs, const IndexedNames& names)
      : index_(index), runs_(runs), names_(names) {}
  std::vector<Known> params() override;
  std::vector<Known> metrics() override;
  std::vector<KnownSeries> series() override;
  std::vector<Known> data() override;
  std::vector<Known> texts(const query::Expression& of) override;

 private:
  RunIndex& index_;
  const std::vector<IndexedRun>& runs_;
  const IndexedNames& names_;
};

/// How many of the runs have each of the texts that an expression comes to, or that its lists have.
std::map<std::string, int64_t> counted_texts(RunIndex& index, const std::vector<IndexedRun>& runs,
                                             const query::Expression& of);

}  // namespace stet::tracking
