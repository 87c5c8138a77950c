#include "stet/tracking/run/run_flags.h"

#include <filesystem>
#include <sstream>
#include <system_error>

#include "stet/tensor/error.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/run_name.h"

namespace stet::tracking {
namespace {

Device parse_device(const std::string& text) {
  try {
    return Device::parse(text);
  } catch (const UsageError&) { raise("--device {}: must be cpu, cuda or cuda:N", text); }
}

// The program may change its folder after the start.
Path from_here(const char* flag, const std::string& path) {
  if (path.empty()) raise("{}: needs a folder", flag);
  std::error_code gone;
  const Path absolute = std::filesystem::absolute(path, gone);
  if (gone) raise("{} {}: the working folder is gone; name one that begins with /", flag, path);
  return absolute.lexically_normal();
}

std::vector<std::string> tags_of(const std::string& text) {
  std::vector<std::string> tags;
  std::istringstream in(text);
  for (std::string tag; std::getline(in, tag, ',');) {
    require_tag("--tag", tag);
    tags.push_back(tag);
  }
  return tags;
}

}  // namespace

void RunFlags::read_place(Parameters& p) {
  quiet = p.built_in<bool>("quiet", false, {.help = "show no progress"});
  runs = from_here("--runs", p.built_in_path("runs", "./runs", {.help = "folder of runs"}));
  resume = p.built_in_path("resume", "", {.help = "go on with a run: an id, a name, or latest"});
  std::error_code none;  // a name may look like a path
  if (resume.find('/') != resume.npos && std::filesystem::exists(resume, none))
    resume = from_here("--resume", resume).string();
}

void RunFlags::read_rest(Parameters& p) {
  description.name =
      p.built_in<std::string>("name", "", {.help = "name of the run; the program's own if none is given"});
  if (!description.name.empty()) require_run_name("--name", description.name);
  seed = p.built_in<uint64_t>("seed", 1, {.help = "of all random numbers"});
  threads = p.built_in<int>("threads", 0, {.from = 0, .to = 1024, .help = "0: all cores"});
  const auto device_name = p.built_in<std::string>(
      "device", "cpu", {.help = "where the network is trained: cpu, cuda (the first GPU) or cuda:N"});
  checkpoint_every = p.built_in<int64_t>("checkpoint-every", 0,
                                         {.from = 0, .help = "steps between checkpoints; 0: as the program says"});
  max_steps = p.built_in<int64_t>("max-steps", 0,
                                  {.from = 0, .help = "stop, with a checkpoint, after that many steps; 0: none"});
  allow_nan = p.built_in<bool>("allow-nan", false, {.help = "go on when a loss or a metric is not finite"});
  if (!p.help()) device = parse_device(device_name);
}

void RunFlags::read_description(Parameters& p) {
  const auto text = [&](const char* flag, const char* help) {
    return p.declares(flag) ? "" : p.built_in<std::string>(flag, "", {.help = help});
  };
  description.group = text("group", "of runs that belong together");
  description.tags = tags_of(text("tag", "tags, separated by commas"));
  description.note = text("note", "why this run");
  description.description = text("description", "what it is of");
}

}  // namespace stet::tracking
