// In what two runs differ, or two launches.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "stet/tracking/reading/run_view.h"

namespace stet::tracking {

/// Names and values, as text.
using Table = std::map<std::string, std::string>;
/// A name, and the two values where they differ; one that only the other has is empty.
using Differences = std::map<std::string, std::pair<std::string, std::string>>;

Differences differences(const Table& a, const Table& b);

/// What of a launch can matter to its results' being the same: program, compiler, flags, libraries, machine, source,
/// threads.
Table surroundings(const RunLaunch& launch);

/// What of a run is held against other runs.
struct RunTables {
  Table run;  ///< what queries call so too: program, seed, numerics, steps, digest
  Table parameters;
  Table hyperparameters;  ///< what modules report of themselves, by path
  Table data;             ///< samples and splits, by their SHA-256
  Table source;           ///< the last launch's uncommitted changes: a file, and its lines, as "+3 -1 ab12cd34"
  Table environment;      ///< surroundings of the last launch
  Table metrics;          ///< last values
};
RunTables tables_of(const RunOverview& run);

/// In what two runs differ.
struct RunDifferences {
  Differences run, parameters, hyperparameters, data, source, environment;  ///< as RunTables has them
  Differences metrics;                                                      ///< what they add up to
  bool same_bits = false;  ///< both came to the same digest after the same steps

  bool same() const {
    return run.empty() && parameters.empty() && hyperparameters.empty() && data.empty() && source.empty() &&
           environment.empty() && metrics.empty();
  }
};

/// What differs between two runs, field by field; of a metric whose summaries are the same, where its curves part,
/// which their logs say.
RunDifferences diff(const RunOverview& a, const RunOverview& b);

}  // namespace stet::tracking
