// Alone in its source: a test program that defines file_system() itself never pulls this one from the library.
#include "stet/tracking/record/file_system.h"

namespace stet::tracking {

FileSystem& file_system() { return real_file_system(); }

}  // namespace stet::tracking
