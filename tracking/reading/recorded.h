// What a run's record (run.json) holds, as values. Times are seconds since 1970, UTC.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace stet::tracking {

/// Where a parameter's value came from.
enum class ValueSource : uint8_t { unknown, standard, flag, config, record };

/// A single value of a parameter: text where it is one, or can't be read as its type.
using ParameterScalar = std::variant<std::string, bool, int64_t, uint64_t, double>;

/// The same, or a list of such.
using ParameterValue = std::variant<std::string, bool, int64_t, uint64_t, double, std::vector<ParameterScalar>>;

/// A parameter that the run was given.
struct RunParameter {
  std::string name;
  std::string value;     ///< as text that reads back to the same bits; of a list as "[1, 2]"
  std::string standard;  ///< what it is by default
  ValueSource source = ValueSource::unknown;
  std::string type;   ///< int, uint, float, double, bool or string; of a list such as "int list"
  std::string range;  ///< such as "> 0"; empty: any
  std::string meaning;
  bool masked = false;  ///< the value is a secret, or holds one, and the record does not have it

  /// The value by its type; text where it is one, or can't be read as its type.
  ParameterValue typed() const;
};

/// What a module, an optimizer, a schedule or a loader reported of itself.
struct RunHyperparameter {
  std::string path;  ///< such as net/drop/p
  std::string value;
  std::string type;
  bool execution = false;  ///< threads, workers, device: no result depends on it
};

/// A place that the run read from or wrote to; it may differ when the run is resumed.
struct RunPlace {
  std::string name, value, standard;
  ValueSource source = ValueSource::unknown;
  bool masked = false;  ///< as a parameter's
};

struct RunDataFile {
  std::string path;
  int64_t size = 0;  ///< bytes
  std::string sha256;
};

/// A data set that the run read.
struct RunData {
  std::string name, path;
  std::vector<RunDataFile> files;
  std::string samples_sha256;  ///< of the decoded samples
  int64_t count = 0;           ///< samples
  std::string split;           ///< its definition, such as "0.9, 0.1"; empty: the whole
  std::string split_sha256;
};

struct RunProgram {
  std::string path;    ///< where it lay when it was launched
  std::string sha256;  ///< empty where the run was killed before its program was kept
};

struct RunBuild {
  std::string compiler, flags, build_type;
  std::map<std::string, std::string> libraries;  ///< their versions
};

struct RunMachine {
  std::string host, os, kernel, architecture, cpu;
  int32_t cpus = 0;
  int64_t memory_bytes = 0;
  std::string gpu, driver, cuda;
};

/// The git state that a launch's program came from.
struct RunSource {
  std::string root, commit, branch, remote;
  bool dirty = false;
  std::string patch;                  ///< a file in the run's folder
  std::vector<std::string> left_out;  ///< what the patch does not hold, and why
  std::string unknown;                ///< why the working tree could not be compared; empty: it was
};

/// How a launch ended.
struct RunEnd {
  int32_t exit_code = 0;
  std::string message;
  double time = 0, wall_seconds = 0, cpu_seconds = 0;
  int64_t last_step = 0;
};

/// One start of the program for the run.
struct RunLaunch {
  int64_t first_step = 0;
  uint64_t first_tick = 0;  ///< the boundary that it began at
  std::vector<std::string> argv;
  std::string cwd;
  RunProgram program;
  RunBuild build;
  RunMachine machine;
  RunSource source;
  std::map<std::string, std::string> environment;  ///< variables that may matter, by an allow-list
  int32_t threads = 0;
  std::string isa, device;
  int64_t pid = 0;
  double started = 0;
  std::optional<RunEnd> end;       ///< none while it runs, and for ever where it was killed
  std::vector<std::string> notes;  ///< what could not be captured, and why
  int64_t log_waits = 0;           ///< how often the program waited as the log's queue was full
  double log_wait_seconds = 0;     ///< and how long in all; both as of the launch's end
};

/// The best value of a metric, by what its program calls the best.
struct RunBest {
  std::string metric;  ///< with its context, as TensorBoard shows it
  std::string best;    ///< "min", "max" or "last"
  double value = 0;    ///< NaN where nothing was logged of it
  int64_t step = 0;    ///< of the first of equals
  bool varies = false;
};

}  // namespace stet::tracking
