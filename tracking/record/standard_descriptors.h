// Standard input, output and error.
#pragma once

namespace stet::tracking {

/// Opens /dev/null as standard input, output or error where the process was started without: a file that is opened
/// later would take the number, and get what is printed.
void open_standard_descriptors();

}  // namespace stet::tracking
