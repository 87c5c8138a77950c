#include "stet/tracking/reading/recorded.h"

#include "stet/tracking/reading/recorded_proto.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/list_text.h"
#include "stet/tracking/record/parse.h"

namespace stet::tracking {
namespace {

ValueSource source_of(record::Param::Source source) {
  switch (source) {
    case record::Param::DEFAULT: return ValueSource::standard;
    case record::Param::FLAG: return ValueSource::flag;
    case record::Param::CONFIG: return ValueSource::config;
    case record::Param::RECORD: return ValueSource::record;
    default: return ValueSource::unknown;
  }
}

std::optional<RunEnd> end_of(const record::Launch& m) {
  if (!m.has_end()) return std::nullopt;
  const auto& end = m.end();
  return RunEnd{end.exit_code(), end.message(), end.time(), end.wall_seconds(), end.cpu_seconds(), end.last_step()};
}

ParameterScalar scalar_of(std::string_view type, const std::string& value) {
  if (type == "bool") {
    if (const auto v = parse_bool(value)) return *v;
  } else if (type == "int") {
    if (const auto v = parse_int64(value)) return *v;
  } else if (type == "uint") {
    if (const auto v = parse_uint64(value)) return *v;
  } else if (type == "float" || type == "double") {
    if (const auto v = parse_double(value)) return *v;
  }
  return value;
}

}  // namespace

RunDataFile value_of(const record::DataFile& m) { return {m.path(), m.size(), m.sha256()}; }

RunBuild value_of(const record::Build& m) {
  return {m.compiler(), m.flags(), m.build_type(), {m.libraries().begin(), m.libraries().end()}};
}

RunMachine value_of(const record::Machine& m) {
  return {.host = m.host(),
          .os = m.os(),
          .kernel = m.kernel(),
          .architecture = m.architecture(),
          .cpu = m.cpu(),
          .cpus = m.cpus(),
          .memory_bytes = m.memory_bytes(),
          .gpu = m.gpu(),
          .driver = m.driver(),
          .cuda = m.cuda()};
}

RunSource value_of(const record::Source& m) {
  return {.root = m.root(),
          .commit = m.commit(),
          .branch = m.branch(),
          .remote = m.remote(),
          .dirty = m.dirty(),
          .patch = m.patch(),
          .left_out = {m.left_out().begin(), m.left_out().end()},
          .unknown = m.unknown()};
}

ParameterValue RunParameter::typed() const {
  constexpr std::string_view kList = " list";
  if (!type.ends_with(kList))
    return std::visit([](auto scalar) -> ParameterValue { return scalar; }, scalar_of(type, value));
  const auto elements = parse_list(value);
  if (!elements) return value;
  std::vector<ParameterScalar> list;
  const std::string_view type_of_elements = std::string_view(type).substr(0, type.size() - kList.size());
  for (const std::string& element : *elements) list.push_back(scalar_of(type_of_elements, element));
  return list;
}

RunParameter value_of(const record::Param& m) {
  return {m.name(), m.value(), m.default_(), source_of(m.source()), m.type(), m.range(), m.meaning(), m.masked()};
}

RunHyperparameter value_of(const record::Hyperparameter& m) { return {m.path(), m.value(), m.type(), m.execution()}; }

RunPlace value_of(const record::Place& m) {
  return {m.name(), m.value(), m.default_(), source_of(m.source()), m.masked()};
}

RunData value_of(const record::Dataset& m) {
  RunData data{.name = m.name(),
               .path = m.path(),
               .files = {},
               .samples_sha256 = m.samples_sha256(),
               .count = m.count(),
               .split = m.split(),
               .split_sha256 = m.split_sha256()};
  for (const auto& file : m.files()) data.files.push_back(value_of(file));
  return data;
}

RunLaunch value_of(const record::Launch& m) {
  return {.first_step = m.first_step(),
          .first_tick = m.first_tick(),
          .argv = {m.argv().begin(), m.argv().end()},
          .cwd = m.cwd(),
          .program = {m.program().path(), m.program().sha256()},
          .build = value_of(m.build()),
          .machine = value_of(m.machine()),
          .source = value_of(m.source()),
          .environment = {m.environment().begin(), m.environment().end()},
          .threads = m.threads(),
          .isa = m.isa(),
          .device = m.device(),
          .pid = m.pid(),
          .started = m.started(),
          .end = end_of(m),
          .notes = {m.notes().begin(), m.notes().end()},
          .log_waits = m.log_waits(),
          .log_wait_seconds = m.log_wait_seconds()};
}

RunBest value_of(const record::BestValue& m) {
  MetricContext context;
  for (const auto& c : m.context()) context.emplace_back(c.name(), c.value());
  const char* best = m.best() == record::BestValue::MIN ? "min" : m.best() == record::BestValue::MAX ? "max" : "last";
  return {metric_tag(m.metric(), context), best, m.value(), m.step(), m.varies()};
}

}  // namespace stet::tracking
