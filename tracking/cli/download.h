// One file from an address, by libcurl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace stet::tracking::cli {

struct Download {
  std::string address;       ///< http, https or file
  std::filesystem::path to;  ///< what it holds already is the file's beginning
  int64_t bytes;             ///< the whole file's
  std::string shown;         ///< its name beside the progress, which is shown where standard error is a terminal
};

/// Fetches what is missing of a file. What is cut off, or fails for a while, is tried again, three times in all; a
/// server that can't go on in the middle begins anew. Returns what is wrong, one line; empty where nothing is: what was
/// fetched stays for another time. Throws IoError where the file can't be written.
std::string fetch(const Download& download);

}  // namespace stet::tracking::cli
