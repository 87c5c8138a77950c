// A model as a table.
#pragma once

#include <iosfwd>
#include <string>

#include "stet/tensor/stateful.h"

namespace stet::nn {

/// The model's layers with their parameters' shapes and counts, one a line, and the total. A parameter that was shown
/// under an earlier name is counted there.
std::string summary(Stateful& model);

/// Writes the summary to standard output.
void print(Stateful& model);

}  // namespace stet::nn
