// In what two runs differ, a row each, beside one another.
#pragma once

#include <string>
#include <vector>

namespace stet::tracking::cli {

/// A name, and what each run has.
struct DifferenceRow {
  std::string name, first, second;
};

/// The lines that show rows in no more than `width` places; 0: no terminal. Nothing is shortened, as it may be its end
/// that differs: values that are too long for a column stand below their name, a line each.
std::vector<std::string> difference_lines(std::vector<DifferenceRow> rows, size_t width);

/// Two numbers in as few digits as tell them apart, six or more.
std::pair<std::string, std::string> told_apart(double first, double second);

}  // namespace stet::tracking::cli
