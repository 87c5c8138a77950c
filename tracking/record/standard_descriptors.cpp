#include "stet/tracking/record/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

namespace stet::tracking {

void open_standard_descriptors() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::open("/dev/null", O_RDWR);
  if (fd >= 0) ::close(fd);
}

}  // namespace stet::tracking
