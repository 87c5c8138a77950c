#include "stet/tracking/capture/resources.h"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <optional>
#include <sstream>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/nvml.h"
#include "stet/tracking/record/clock.h"

namespace stet::tracking {
namespace {

using Clock = std::chrono::steady_clock;

// A file of /proc, empty where there is none.
std::string proc(const char* path) {
  try {
    return read_file(Path(path));
  } catch (const Error&) { return ""; }
}

// Of lines as "MemTotal: 16 kB", the number behind each name.
std::map<std::string, double> fields_of(const std::string& text) {
  std::map<std::string, double> fields;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    double number = 0;
    if (colon != line.npos && std::istringstream(line.substr(colon + 1)) >> number)
      fields[line.substr(0, colon)] = number;
  }
  return fields;
}

}  // namespace

struct Resources::Before {
  struct Ticks {
    double busy = 0, all = 0;
  };

  Clock::time_point time = Clock::now();
  double process = process_seconds();
  Ticks host = host_ticks();
  std::map<std::string, double> io = fields_of(proc("/proc/self/io"));

  // Of "cpu user nice system idle iowait irq softirq steal".
  static Ticks host_ticks() {
    Ticks ticks;
    std::istringstream line(proc("/proc/stat"));
    std::string cpu;
    line >> cpu;
    double value = 0;
    for (int i = 0; i < 8 && line >> value; ++i) {
      ticks.all += value;
      if (i != 3 && i != 4) ticks.busy += value;
    }
    return ticks;
  }
};

Resources::Resources(Folder folder)
    : folder_(std::move(folder)), before_(std::make_unique<Before>()), gpus_(std::make_unique<Nvml>()) {}
Resources::~Resources() = default;

Readings Resources::read() {
  Readings found;
  auto now = std::make_unique<Before>();
  const double seconds = std::chrono::duration<double>(now->time - before_->time).count();
  const auto rate = [&](const char* name, double amount) {
    if (seconds > 0) found.emplace_back(name, amount / seconds);
  };
  rate("system/cpu", 100 * (now->process - before_->process));
  if (const double all = now->host.all - before_->host.all; all > 0)
    found.emplace_back("system/host/cpu", 100 * (now->host.busy - before_->host.busy) / all);
  std::istringstream pages(proc("/proc/self/statm"));
  double size = 0, resident = 0;
  if (pages >> size >> resident)
    found.emplace_back("system/memory", resident * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  auto memory = fields_of(proc("/proc/meminfo"));
  if (memory.contains("MemTotal") && memory.contains("MemAvailable"))
    found.emplace_back("system/host/memory", 1024 * (memory["MemTotal"] - memory["MemAvailable"]));
  if (now->io.contains("read_bytes") && before_->io.contains("read_bytes")) {
    rate("system/disk/read", now->io["read_bytes"] - before_->io["read_bytes"]);
    rate("system/disk/written", now->io["write_bytes"] - before_->io["write_bytes"]);
  }
  struct statvfs disk {};
  if (::fstatvfs(folder_.descriptor(), &disk) == 0)
    found.emplace_back("system/disk/free", static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize));
  gpus_->read(found);
  before_ = std::move(now);
  return found;
}

}  // namespace stet::tracking
