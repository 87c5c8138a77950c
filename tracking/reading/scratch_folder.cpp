#include "stet/tracking/reading/scratch_folder.h"

#include <stdlib.h>

#include "stet/tensor/error.h"

namespace stet::tracking {

ScratchFolder::ScratchFolder(const std::string& prefix) {
  std::string name = (std::filesystem::temp_directory_path() / (prefix + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    raise<DataError>("{}: can't make a scratch folder; set TMPDIR to one that can be written", name);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace stet::tracking
