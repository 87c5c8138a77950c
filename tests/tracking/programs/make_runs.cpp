// Makes folders of runs through the library's own writers, without training anything and without waiting for the disk.
//
//   make_runs FOLDER N [FIRST]   N runs of 1,000 points, 20 metrics of 50, with 20 parameters: what the index is
//                                measured on
//   make_runs FOLDER --sample    the few odd ones of tests/tracking/query/runs
//   make_runs FOLDER --long POINTS N   N runs of so many points
//   make_runs FOLDER --wide METRICS N  N runs of so many metrics of 50 points
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/seal.h"

namespace stet::tracking {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();
constexpr double kStart = 1767225600;  // 2026-01-01, UTC

// A file that is not synced.
class Unsynced : public File {
 public:
  explicit Unsynced(std::unique_ptr<File> file) : file_(std::move(file)) {}
  void write(Bytes bytes) override { file_->write(bytes); }
  void sync() override {}
  void clear() override { file_->clear(); }
  int descriptor() const override { return file_->descriptor(); }

 private:
  std::unique_ptr<File> file_;
};

class UnsyncedFiles : public FileSystem {
 public:
  std::unique_ptr<File> open(const Entry& entry, OpenMode how, unsigned mode) override {
    return std::make_unique<Unsynced>(real_file_system().open(entry, how, mode));
  }
  void rename(const Entry& from, const Entry& to) override { real_file_system().rename(from, to); }
  void remove(const Entry& entry) override { real_file_system().remove(entry); }
  bool make_directory(const Entry& entry) override { return real_file_system().make_directory(entry); }
  void sync_directory(const Folder&) override {}
  void copy(const InputFile& from, const Entry& to, unsigned mode) override { real_file_system().copy(from, to, mode); }
  LockResult try_lock(File& file) override { return real_file_system().try_lock(file); }
};

UnsyncedFiles files;

double uniform(uint64_t seed) {  // splitmix64
  seed += 0x9e3779b97f4a7c15u;
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
  seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((seed ^ (seed >> 31)) >> 11) * 0x1p-53;
}

void add_param(record::RunRecord& record, std::string_view name, const std::string& value, const char* type,
               const char* standard = "") {
  auto* param = record.add_params();
  param->set_name(std::string(name));
  param->set_value(value);
  param->set_type(type);
  param->set_default_(standard);
  param->set_source(value == standard ? record::Param::DEFAULT : record::Param::FLAG);
}

record::Launch* add_launch(record::RunRecord& record, double started, double seconds, record::End::Status status) {
  auto* launch = record.add_launches();
  launch->add_argv("/home/someone/bin/train");
  launch->set_cwd("/home/someone");
  launch->mutable_program()->set_path("/home/someone/bin/train");
  launch->mutable_program()->set_sha256(std::string(64, '0'));
  launch->mutable_build()->set_compiler("GNU 12.2.0");
  launch->mutable_machine()->set_host("node1");
  launch->mutable_machine()->set_cpu("Some CPU @ 2.00GHz");
  launch->set_threads(8);
  launch->set_isa("avx2");
  launch->set_device("cpu");
  launch->set_started(started);
  if (status == record::End::UNKNOWN) return launch;
  auto* end = launch->mutable_end();
  end->set_status(status);
  end->set_exit_code(status == record::End::FINISHED ? 0 : status == record::End::FAILED ? 1 : 130);
  end->set_time(started + seconds);
  end->set_wall_seconds(seconds);
  return launch;
}

// Writes a run's log, whose clock goes a second a step.
class Log {
 public:
  Log(const Folder& run, double start, std::optional<LogPosition> from = {}, int64_t next = 0)
      : writer_(files, run, from, next), start_(start) {}

  void add(int64_t step, std::string_view name, double value, const MetricContext& context = {}) {
    append(scalar_event(name, value, context), step);
  }
  void digest(int64_t step, uint64_t bits) {
    record::Event losses;
    losses.mutable_loss_digest()->add_bits(bits);
    append(losses, step);
  }
  void state(int64_t step, char of) {
    record::Event state;
    state.mutable_state_digest()->set_root(std::string(16, of));
    append(state, step);
  }
  LogPosition finish() {
    writer_.flush();
    return writer_.position();
  }
  const Path& path() const { return writer_.path(); }

 private:
  void append(record::Event event, int64_t step) {
    event.set_step(step);
    event.set_tick(static_cast<uint64_t>(step));
    event.set_wall_time(start_ + static_cast<double>(step));
    writer_.append(event);
  }
  EventWriter writer_;
  double start_;
};

Folder make_run(const Folder& runs, const std::string& id) {
  files.make_directory(runs / id);
  const Folder run(runs / id);
  files.make_directory(run / "checkpoints");
  return run;
}

void write(const Folder& run, record::RunRecord& record) {
  if (record.launches(record.launches_size() - 1).has_end()) seal_files(record, run);
  write_record(files, run, record);
}

// ---- Many alike.

record::RunRecord record_of(int64_t number, const std::string& id, double made) {
  record::RunRecord record;
  record.set_id(id);
  record.set_name(fmt::format("trial-{}", number));
  record.set_program("train");
  record.set_created(made);
  record.set_numerics(2);
  record.set_seed(static_cast<uint64_t>(number % 5));
  record.set_stet_version("0.1.0");
  const auto drawn = [&](int k) { return uniform(static_cast<uint64_t>(number * 100 + k)); };
  add_param(record, "lr", fmt::format("{}", std::pow(10, -1 - 4 * drawn(0))), "double", "0.001");
  add_param(record, "batch", fmt::format("{}", 16 << static_cast<int>(5 * drawn(1))), "int", "64");
  static constexpr const char* kModels[] = {"mlp", "cnn", "resnet", "gpt", "lstm"};
  add_param(record, "model", kModels[static_cast<int>(5 * drawn(2))], "string", "mlp");
  add_param(record, "augment", drawn(3) < 0.5 ? "true" : "false", "bool", "false");
  for (int k = 4; k < 12; ++k)
    add_param(record, fmt::format("net.p{}", k), fmt::format("{}", drawn(k)), "double", "0.5");
  for (int k = 12; k < 20; ++k)
    add_param(record, fmt::format("n{}", k), fmt::format("{}", static_cast<int>(10 * drawn(k))), "int", "1");
  auto* data = record.add_data();
  data->set_name("mnist");
  data->set_samples_sha256(std::string(64, 'a'));
  data->set_count(60000);
  for (int k = 0; k < 12; ++k) {
    auto* h = record.add_hyperparameters();
    h->set_path(fmt::format("net/layer{}/p", k));
    h->set_value("0.5");
    h->set_type("float");
    auto* tensor = record.add_tracked();
    tensor->set_path(fmt::format("/net/layer{}/weight", k));
    tensor->set_dtype("float32");
    tensor->add_shape(64);
    tensor->add_shape(64);
  }
  record.set_model_summary(std::string(600, '.'));
  return record;
}

void make_alike(const Folder& runs, int64_t number) {
  const double made = kStart + 60.0 * static_cast<double>(number);
  const auto day = static_cast<int>(number / 1440), minute = static_cast<int>(number % 1440);
  const std::string id = fmt::format("{:04}{:02}{:02}-{:02}{:02}00-000{:04x}", 2026 + day / 336, 1 + day / 28 % 12,
                                     1 + day % 28, minute / 60, minute % 60, number % 65536);
  const Folder run = make_run(runs, id);
  record::RunRecord record = record_of(number, id, made);
  auto* launch = add_launch(record, made, 300, record::End::FINISHED);
  for (int k = 0; k < 12; ++k) (*launch->mutable_environment())[fmt::format("VARIABLE_{}", k)] = "some value";
  for (int k = 0; k < 10; ++k) (*launch->mutable_build()->mutable_libraries())[fmt::format("library{}", k)] = "1.2.3";
  launch->mutable_source()->set_commit(std::string(40, 'c'));
  launch->mutable_source()->set_branch("main");
  launch->mutable_end()->set_last_step(500);
  record.set_steps(500);
  record.set_final_digest(fmt::format("{:032x}", number));
  Log log(run, made);
  for (int64_t point = 1; point <= 50; ++point) {
    const int64_t step = 10 * point;
    log.digest(step, static_cast<uint64_t>(number * 1000 + point));
    const double noise = 0.1 * uniform(static_cast<uint64_t>(number * 1000 + point));
    for (int k = 0; k < 10; ++k)
      log.add(step, fmt::format("train/m{}", k), 2.0 / static_cast<double>(point + k) + noise);
    for (int k = 0; k < 10; ++k)
      log.add(step, fmt::format("test/m{}", k), 1 - 1.0 / static_cast<double>(point + k) - noise);
  }
  log.state(500, 'd');
  log.finish();
  write_file(files, Folder(run / "checkpoints") / "step-00000500.h5", as_bytes(std::string(4096, '\0')));
  write(run, record);
}

// A run that logged "train/loss" at each of so many steps, and "test/accuracy" at each hundredth.
void make_long(const Folder& runs, int64_t number, int64_t points) {
  const double made = kStart + 60.0 * static_cast<double>(number);
  const std::string id = fmt::format("20260101-{:02}{:02}00-000{:04x}", number / 60, number % 60, number);
  const Folder run = make_run(runs, id);
  record::RunRecord record = record_of(number, id, made);
  add_launch(record, made, static_cast<double>(points), record::End::FINISHED)->mutable_end()->set_last_step(points);
  record.set_steps(points);
  record.set_final_digest(fmt::format("{:032x}", number));
  Log log(run, made);
  double walk = 0;
  for (int64_t step = 1; step <= points; ++step) {
    walk += uniform(static_cast<uint64_t>(number * 100'000'000 + step)) - 0.5;
    log.add(step, "train/loss", 2 + walk / 100);
    if (step % 100 == 0) log.add(step, "test/accuracy", 1 - 1 / std::sqrt(static_cast<double>(step)));
    if (step % 1000 == 0) log.digest(step, static_cast<uint64_t>(step));
  }
  log.state(points, 'd');
  log.finish();
  write(run, record);
}

// A run of so many metrics, twenty to a section.
void make_wide(const Folder& runs, int64_t number, int64_t metrics) {
  const double made = kStart + 60.0 * static_cast<double>(number);
  const std::string id = fmt::format("20260102-{:02}{:02}00-000{:04x}", number / 60, number % 60, number);
  const Folder run = make_run(runs, id);
  record::RunRecord record = record_of(number, id, made);
  add_launch(record, made, 60, record::End::FINISHED)->mutable_end()->set_last_step(50);
  record.set_steps(50);
  record.set_final_digest(fmt::format("{:032x}", number));
  Log log(run, made);
  for (int64_t step = 1; step <= 50; ++step) {
    for (int64_t metric = 0; metric < metrics; ++metric) {
      const double noise = uniform(static_cast<uint64_t>((number * 100 + step) * 10'000 + metric));
      log.add(step, fmt::format("block{}/norm{}", metric / 20, metric % 20),
              1 / static_cast<double>(step) + 0.1 * noise);
    }
  }
  log.state(50, 'w');
  log.finish();
  write(run, record);
}

// ---- The sample. Every third thing differs from run to run, so that conditions part them in many ways.

struct Odd {
  const char* name;
  uint64_t seed;
  record::End::Status status;
};
constexpr Odd kOdd[] = {{"baseline", 1, record::End::FINISHED},
                        {"Baseline wide", 2, record::End::FINISHED},
                        {"größe", 9007199254740993, record::End::FINISHED},
                        {"never-stopped", 9223372036854775807, record::End::UNKNOWN},
                        {"draft-1", 9223372036854775808u, record::End::FAILED},
                        {"draft-2", 18446744073709551615u, record::End::INTERRUPTED},
                        {"a \"quoted\" name", 0, record::End::FINISHED},
                        {"forked", 1, record::End::FINISHED},
                        {"resumed", 1, record::End::FINISHED},
                        {"text-lr", 3, record::End::FINISHED},
                        {"diverged", 1, record::End::FINISHED},
                        {"infinite", 1, record::End::FAILED},
                        {"silent", 5, record::End::FINISHED},
                        {"contexts", 1, record::End::FINISHED},
                        {"one context", 1, record::End::FINISHED},
                        {"masked", 1, record::End::FINISHED}};

void odd_params(record::RunRecord& record, int i) {
  if (i == 9) add_param(record, "lr", "auto", "string", "auto");
  else if (i != 12) add_param(record, "lr", fmt::format("{}", std::pow(2, -i)), i % 2 ? "float" : "double", "1");
  add_param(record, "epochs", fmt::format("{}", 1 + i % 4), "int", "1");
  add_param(record, "big", i == 5 ? "9007199254740993" : fmt::format("{}", i - 3), "int", "0");
  add_param(record, "salt", i == 4 ? "9223372036854775813" : fmt::format("{}", i), "uint", "0");
  static constexpr const char* kModels[] = {"mlp", "cnn", "resnet-18"};
  add_param(record, "model", kModels[i % 3], "string", "mlp");
  if (i % 3 != 1) add_param(record, "amp", i % 2 ? "true" : "false", "bool", "false");
  if (i > 7) add_param(record, "weight-decay", fmt::format("{}", 0.01 * (i - 8)), "double", "0");
  if (i > 3) add_param(record, "opt.name", i % 2 ? "adamw" : "sgd", "string", "sgd");
  if (i == 15) add_param(record, "token", "***", "string", "");
  if (i == 5 || i == 7) add_param(record, "layers", "[64, 64]", "int list", "[64, 64]");
  if (i == 8) add_param(record, "layers", "[64, 9007199254740993, -1]", "int list", "[64, 64]");
  if (i == 11) add_param(record, "layers", "[64, 0.5, 1e-05]", "float list", "[]");
  if (i == 12) add_param(record, "layers", "[\"a\", \"b, c\", \"64\"]", "string list", "[]");
  if (i == 13) add_param(record, "layers", "[]", "int list", "[64, 64]");
  if (i == 14) add_param(record, "layers", "[true, false]", "bool list", "[]");
  if (i == 6) add_param(record, "layers", "64", "int", "64");
}

void odd_log(Log& log, int i, int64_t from, int64_t to) {
  for (int64_t step = from; step <= to; ++step) {
    log.digest(step, static_cast<uint64_t>(step));
    const double t = static_cast<double>(step);
    double loss = (2.0 + 0.25 * i) / t + 0.125 * uniform(static_cast<uint64_t>(100 * i + step));
    if (i == 10 && step > 3) loss = step % 2 ? kNaN : 8.0 * t;
    if (i == 11 && step == 5) loss = kInfinity;
    if (i == 11 && step == 6) loss = -kInfinity;
    if (i == 13 || i == 14) log.add(step, "train/loss", loss, {{"rank", "0"}});
    else log.add(step, "train/loss", loss);
    if (i == 13) log.add(step, "train/loss", loss + 1, {{"rank", "1"}});
    if (step % 2 == 0) log.add(step, "test/accuracy", 1 - 0.5 / t - 0.01 * i);
    if (i % 2 == 0) log.add(step, "val/loss", loss * 1.5, {{"subset", "clean"}});
    if (i % 4 == 0) log.add(step, "val/loss", loss * 2, {{"subset", "noisy"}, {"fold", "1"}});
    if (i % 4 == 0) log.add(step, "val/loss", loss * 1.75);
    if (step == 4)
      log.add(step, "train/loss", loss + 0.5, i == 13 || i == 14 ? MetricContext{{"rank", "0"}} : MetricContext());
  }
  if (i == 10) log.add(to, "all nan", kNaN);
}

void place_segment(const Path& path, int number) {  // no host of anybody's stands in its name
  std::filesystem::rename(
      path, path.parent_path() / fmt::format("events.out.tfevents.{}.host.1.{}", 1767225600 + number, number));
}

void make_odd(const Folder& runs, int i) {
  const double made = kStart + 0.25 + 25200.0 * i;
  const std::string id = fmt::format("202601{:02}-{:02}0000-0000{:03x}", 1 + i * 7 / 24, i * 7 % 24, 0xa00 + i);
  const Folder run = make_run(runs, id);
  record::RunRecord record;
  record.set_id(id);
  record.set_name(kOdd[i].name);
  record.set_program(i % 5 == 4 ? "char-gpt" : "mnist");
  record.set_created(made);
  record.set_numerics(i < 2 ? 1 : 2);
  record.set_seed(kOdd[i].seed);
  record.set_stet_version("0.1.0");
  if (i % 3 == 0) record.add_tags("base");
  if (i % 4 == 1) record.add_tags("paper/table-2");
  if (i == 6) record.add_tags("O'Neill");
  if (i == 7) record.set_forked_from("20260101-000000-0000a00"), record.set_forked_at(4);
  odd_params(record, i);
  auto* data = record.add_data();
  data->set_name(i % 2 ? "mnist" : "cifar-10");
  data->set_samples_sha256(std::string(64, static_cast<char>('a' + i % 3)));
  data->set_count(1000 + i);
  auto* launch = add_launch(record, made, 600.0 * (i + 1), kOdd[i].status);
  if (i > 8) launch->mutable_machine()->set_host("node2");
  if (i == 2) launch->mutable_machine()->set_gpu("NVIDIA H200"), launch->set_device("cuda");
  if (i == 3) launch->set_threads(1), launch->set_isa("scalar");
  if (i % 2 == 0) {
    launch->mutable_source()->set_commit(fmt::format("{:040x}", 0xabc000 + i));
    launch->mutable_source()->set_branch(i % 4 ? "main" : "try/wide");
    launch->mutable_source()->set_dirty(i % 6 == 0);
    launch->mutable_source()->set_remote("https://example.org/someone/net.git");
  }
  const int64_t steps = 6 + i % 5;
  Log log(run, made);
  if (i != 12) odd_log(log, i, 1, i == 8 ? 6 : steps);
  if (i != 12) log.state(steps, static_cast<char>('A' + i));
  const LogPosition end = log.finish();
  place_segment(log.path(), 0);
  if (i == 8) {  // it was killed, and went on from step 6 on once more
    auto* second = add_launch(record, made + 7200, 100, record::End::FINISHED);
    second->set_first_step(6);
    Log more(run, made + 7200, end, 7);
    odd_log(more, 3, 7, 9);
    more.state(9, 'Z');
    more.finish();
    place_segment(more.path(), 1);
  }
  record.set_steps(i == 8 ? 9 : steps);
  if (kOdd[i].status == record::End::FINISHED)
    record.set_final_digest(std::string(32, static_cast<char>('0' + i % 10)));
  write(run, record);
  if (i != 0 && i != 5 && i != 9) return;
  files.make_directory(run / "notes");
  const Entry report = Folder(run / "notes") / "verify-20260201-000000-7.json";
  write_file(files, report, as_bytes(fmt::format("{{\"verified\": {}}}\n", i == 5 ? "false" : "true")));
}

int make(const std::string& folder, const std::string& what, const std::string& first, int64_t count) {
  const Folder runs = make_directories(files, folder);
  if (what == "--sample") {
    for (int i = 0; i < static_cast<int>(std::size(kOdd)); ++i) make_odd(runs, i);
    return 0;
  }
  if (what == "--long" || what == "--wide") {
    const int64_t size = std::atoll(first.c_str());
    for (int64_t number = 0; number < count; ++number) (what == "--long" ? make_long : make_wide)(runs, number, size);
    return 0;
  }
  const int64_t begin = std::atoll(first.c_str()), end = begin + std::atoll(what.c_str());
  for (int64_t number = begin; number < end; ++number) make_alike(runs, number);
  return 0;
}

}  // namespace
}  // namespace stet::tracking

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs(
        "usage: make_runs FOLDER N [FIRST], make_runs FOLDER --sample, make_runs FOLDER --long POINTS N, or\n"
        "       make_runs FOLDER --wide METRICS N\n",
        stderr);
    return 2;
  }
  return stet::tracking::make(argv[1], argv[2], argc > 3 ? argv[3] : "0", argc > 4 ? std::atoll(argv[4]) : 1);
}
