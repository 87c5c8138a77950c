// What runs logged besides numbers: images, texts, histograms, vectors; and the files that they kept.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "stet/tracking/reading/log_collector.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/ui/answers.h"
#include "stet/tracking/ui/blobs.h"
#include "stet/tracking/ui/common_bins.h"

namespace stet::tracking::ui {
namespace {

constexpr size_t kMostRuns = 200;
constexpr size_t kMostSteps = 100'000;
constexpr size_t kBins = 60;
constexpr int64_t kMostArtifact = int64_t{256} << 20;
constexpr size_t kMostHeldBytes = size_t{96} << 20;  // of images and texts that are held for the next question

LoggedMedium::Kind asked_kind(const Parameters& p) {
  const std::string& kind = p.required("kind");
  if (kind == "image") return LoggedMedium::Kind::image;
  if (kind == "text") return LoggedMedium::Kind::text;
  if (kind == "histogram") return LoggedMedium::Kind::histogram;
  if (kind == "vector") return LoggedMedium::Kind::vector;
  throw Refusal(400, "kind is image, text, histogram or vector");
}

LogView log_of(const Path& folder) {
  LogCollector collector(folder);
  collector.read();
  return collector.take();
}

std::vector<LoggedMedium> logged(Desk& desk, const Parameters& p, LoggedMedium::Kind kind) {
  const IndexedRun run = run_of(*desk.index.lease(), p.required("run"));
  LogView log = log_of(run.folder);
  const auto found = log.media.find(p.required("name"));
  if (found == log.media.end() || found->second.empty() || found->second.front().kind != kind)
    throw Refusal(404, "the run logged nothing of that name and kind");
  return std::move(found->second);
}

}  // namespace

Json media(Desk& desk, const Parameters& p) {
  const LoggedMedium::Kind kind = asked_kind(p);
  std::vector<IndexedRun> runs;
  {
    LiveIndex::Lease lease = desk.index.lease();
    for (const std::string& id : p.names("runs", kMostRuns)) runs.push_back(run_of(*lease, id));
  }
  Json items = Json::array();
  for (const IndexedRun& run : runs) {
    const LogView log = log_of(run.folder);
    for (const auto& [name, all] : log.media) {
      if (all.empty() || all.front().kind != kind) continue;
      Json steps = Json::array();
      for (const LoggedMedium& one : all) {
        if (steps.size() < kMostSteps && (steps.empty() || steps.back() != one.step)) steps.push_back(one.step);
      }
      items.push_back({{"run", run.id}, {"name", name}, {"context", Json::object()}, {"steps", std::move(steps)}});
    }
  }
  return {{"items", std::move(items)}};
}

Json histogram(Desk& desk, const Parameters& p) {
  const auto all = logged(desk, p, LoggedMedium::Kind::histogram);
  const CommonBins bins = in_common_bins(all, kBins);
  Json edges = Json::array(), steps = Json::array();
  for (const double edge : bins.edges) edges.push_back(json_of(edge));
  for (const LoggedMedium& h : all) steps.push_back(json_of(h.step));
  return {{"steps", steps}, {"edges", edges}, {"counts", bins.counts}};
}

Json vector(Desk& desk, const Parameters& p) {
  Json steps = Json::array(), values = Json::array();
  for (const LoggedMedium& v : logged(desk, p, LoggedMedium::Kind::vector)) {
    steps.push_back(json_of(v.step));
    Json numbers = Json::array();
    for (const double number : v.numbers) numbers.push_back(json_of(number));
    values.push_back(std::move(numbers));
  }
  return {{"steps", steps}, {"values", values}};
}

Json text(Desk& desk, const Parameters& p) { return {{"text", logged_bytes(desk, p, LoggedMedium::Kind::text)}}; }

Response image(Desk& desk, const Parameters& p) {
  std::string bytes = logged_bytes(desk, p, LoggedMedium::Kind::image);
  if (!bytes.starts_with("\x89PNG\r\n\x1a\n")) throw Refusal(404, "this image is no PNG");
  return {200, "image/png", std::move(bytes)};
}

std::string logged_bytes(Desk& desk, const Parameters& p, LoggedMedium::Kind kind) {
  IndexedRun run;
  uint64_t generation = 0;
  {
    LiveIndex::Lease lease = desk.index.lease();
    run = run_of(*lease, p.required("run"));
    generation = lease.generation();
  }
  const std::string name = p.required("name");
  const int64_t step = p.integer("step", 0, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
  const auto held = desk.blobs.of(run.id, generation, [&] { return read_blobs(run.folder, kMostHeldBytes); });
  const auto found = held->find({name, step});
  if (found == held->end() || found->second.kind != kind)
    throw Refusal(404, "the run logged nothing of that name at that step");
  if (!found->second.bytes.empty()) return found->second.bytes;
  return read_blob(run.folder, name, step);
}

Response artifact(Desk& desk, const Parameters& p) {
  const IndexedRun run = run_of(*desk.index.lease(), p.required("run"));
  const std::string& name = p.required("name");
  const auto folder = find_folder(Folder(run.folder) / "artifacts");
  const auto names = folder ? folder->names() : std::vector<std::string>();
  if (std::find(names.begin(), names.end(), name) == names.end() || !is_file(*folder / name))
    throw Refusal(404, "the run kept no such file");
  if (look_at(*folder / name).size > kMostArtifact)
    throw Refusal(413, fmt::format("it is too large to be sent; it lies at {}", (*folder / name).path().string()));
  Response response{200, "application/octet-stream", read_file(*folder / name, kMostArtifact)};
  std::string escaped;
  for (const char c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  response.headers.emplace_back("Content-Disposition", "attachment; filename*=UTF-8''" + escaped);
  return response;
}

}  // namespace stet::tracking::ui
