// Other libraries' matrix products, to be timed beside ours. A library that the build did not find is not among them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "product_shapes.h"

struct ProductPeer {
  std::string name;
  /// Threads that its products use from now on.
  void (*set_threads)(int threads);
  /// What computes c from a and b, which stay where they are; whatever can be prepared once is done here.
  std::function<void()> (*prepare)(const ProductShape& shape, const float* a, const float* b, float* c);
};

/// Each peer's source adds itself here before main.
inline std::vector<ProductPeer>& product_peers() {
  static std::vector<ProductPeer> peers;
  return peers;
}

struct AddPeer {
  explicit AddPeer(ProductPeer peer) { product_peers().push_back(std::move(peer)); }
};
