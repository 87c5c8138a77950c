#include "stet/tracking/cli/print.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <filesystem>

#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
void put_line(std::string_view text, std::FILE* to) { fmt::print(to, "{}\n", printable(text)); }

void put_error(std::string_view text) { put_line("stet: " + std::string(text), stderr); }

int put_problems(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) put_error(problem);
  return problems.empty() ? 0 : 2;
}

std::string message_of(const std::exception& error) {
  const auto* of_files = dynamic_cast<const std::filesystem::filesystem_error*>(&error);
  return of_files ? fmt::format("{}: {}", of_files->path1().string(), of_files->code().message()) : error.what();
}

void put_json(const Json& json) {
  fmt::print("{}\n", printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace)));
}

std::string local_time(double seconds) {
  constexpr double first = -62135596800, last = 253402300800;  // the years 1 to 9999
  std::tm calendar{};
  const auto time = seconds >= first && seconds < last ? static_cast<std::time_t>(seconds) : std::time_t{0};
  if (!(seconds >= first && seconds < last) || !::localtime_r(&time, &calendar)) return "no date";
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", calendar);
}

}  // namespace stet::tracking::cli
