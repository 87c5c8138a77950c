#include "stet/tensor/cpu/workspace.h"

#include <vector>

#include "stet/tensor/pages.h"

namespace stet::cpu_kernels {

namespace {
thread_local bool thread_ends = false;
}

// This thread's workspaces.
struct ThreadWorkspaces {
  std::vector<Workspace*> all;
  ~ThreadWorkspaces() {
    thread_ends = true;
    for (Workspace* w : all) w->free();
  }
};

void Workspace::grow(size_t bytes) {
  free();
  if (!known_ && !thread_ends) {
    thread_local ThreadWorkspaces mine;
    mine.all.push_back(this);
    known_ = true;
  }
  data_ = allocate_pages(bytes);
  size_ = bytes;
}

void Workspace::free() {
  if (data_ != nullptr) free_pages(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

}  // namespace stet::cpu_kernels
