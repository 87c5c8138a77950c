// stet verify.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/signals.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/reading/verification.h"

namespace stet::tracking::cli {
namespace {

constexpr const char* kIsas[] = {"avx512", "avx2", "neon", "scalar"};

struct Options : VerifyOptions {
  std::string run;
  std::vector<std::string> words;  // places
};

// On a terminal, a line that says how far the verification is; it goes with the
// object.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (shown_ && begun_) std::fputs("\r\033[K", stderr);
  }
  void show(int64_t step, int64_t steps) {
    begun_ = true;
    if (!shown_ || step == last_) return;
    fmt::print(stderr, "\rverifying: step {} of {}\033[K", step, steps);
    last_ = step;
  }

 private:
  const bool shown_;
  bool begun_ = false;
  int64_t last_ = -1;
};

int exit_status(const Verdict& verdict) {
  switch (verdict.outcome) {
    case Verdict::Outcome::verified: return 0;
    case Verdict::Outcome::not_verified: return 1;
    case Verdict::Outcome::impossible: break;
  }
  return 2;
}

struct Ended {};

// None where a signal came: the program that ran is ended, and the scratch folder removed.
std::optional<Verdict> verify_shown(const std::filesystem::path& run, const Options& options,
                                    const NotedSignals& signals, bool wanted) {
  ProgressLine line(wanted);
  try {
    const Verdict verdict = tracking::verify(run, options, [&](int64_t step, int64_t steps) {
      if (signals.last() != 0) throw Ended();
      line.show(step, steps);
    });
    if (signals.last() == 0) return verdict;
  } catch (const Ended&) {}
  return std::nullopt;
}

void print_text(const Verdict& verdict) {
  put_line(verdict.line, verdict.verified() ? stdout : stderr);
  if (verdict.verified()) print_list("not vouched for:", verdict.not_vouched_for(), terminal_width());
}

// `--NAME PLACE` or `--NAME=PLACE`, as a program takes them.
std::map<std::string, std::string> places_of(const std::vector<std::string>& words) {
  std::map<std::string, std::string> places;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--") || word.size() == 2) raise("{}: can't be read; see stet verify --help", word);
    const size_t equals = word.find('=');
    if (equals != word.npos) places[word.substr(2, equals - 2)] = word.substr(equals + 1);
    else if (i + 1 < words.size()) places[word.substr(2)] = words[++i];
    else raise("{}: needs a place", word);
  }
  return places;
}

void require_isa(const std::string& isa) {
  if (isa.empty() || std::find(std::begin(kIsas), std::end(kIsas), std::string_view(isa)) != std::end(kIsas)) return;
  raise("verify: --isa {}: there are {}", isa, fmt::join(kIsas, ", "));
}

int verify_run(const Common& common, Options options) {
  require_isa(options.isa);
  options.places = places_of(options.words);
  const std::filesystem::path run = Runs(common.runs).folder_of(options.run);
  const NotedSignals signals;
  const auto verdict = verify_shown(run, options, signals, !common.json);
  if (!verdict) end_by(signals.last());
  try {
    leave_report(run, options, *verdict);
  } catch (const IoError& e) { put_error(fmt::format("the report could not be written: {}", e.what())); }
  if (common.json) put_json(Json::parse(to_json(*verdict)));
  else print_text(*verdict);
  return exit_status(*verdict);
}

void say_options(Arguments& arguments, Options& o) {
  arguments.word("RUN", o.run, "which run", Takes::run);
  arguments.option("--threads", o.threads, 0, 1024, "run it with so many threads; 0: all cores");
  arguments.option("--isa", o.isa, "run it on this instruction set: avx512, avx2, neon or scalar",
                   {kIsas[0], kIsas[1], kIsas[2], kIsas[3]});
  arguments.option("--device", o.device, "run it on this device: cpu, cuda or cuda:N", {"cpu", "cuda"});
  arguments.flag("--resumes", o.resumes, "start every stretch from its checkpoint as well");
  arguments.rest(o.words, Takes::file);
  arguments.trust(o.trust);
}

}  // namespace

Verb verify() {
  const auto options = std::make_shared<Options>();
  return {
      "verify",
      "Run a run again from its record alone, and compare what comes with what was recorded; --NAME PLACE says where a "
      "place that it read lies now",
      {{{"stet verify latest", "does the record give the same bits again?"},
        {"stet verify latest --threads 1 --isa scalar", "and on one thread, without vector instructions?"}}},
      [options](Arguments& arguments) { say_options(arguments, *options); },
      [options](const Common& common) { return verify_run(common, *options); }};
}

}  // namespace stet::tracking::cli
