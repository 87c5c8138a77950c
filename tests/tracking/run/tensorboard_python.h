// Finds or installs a Python that can import tensorboard.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace stet::tracking {

// A Python that has tensorboard, in the build tree; installed there by the first test that wants it. Empty: can't be
// installed.
inline std::string python_with_tensorboard() {
  std::filesystem::path folder =
      std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "tensorboard-venv";
  std::string python = (folder / "bin/python").string();
  int lock = ::open((folder.string() + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  ::flock(lock, LOCK_EX);
  auto works = [&] { return std::system((python + " -c 'import tensorboard' 2> /dev/null").c_str()) == 0; };
  if (!works()) {
    std::string install = "python3 -m venv " + folder.string() + " && " + python +
                          " -m pip install --quiet --retries 1 --timeout 10 --disable-pip-version-check tensorboard";
    if (std::system(("(" + install + ") > /dev/null 2>&1").c_str()) != 0 || !works()) python.clear();
  }
  ::close(lock);
  return python;
}

}  // namespace stet::tracking
