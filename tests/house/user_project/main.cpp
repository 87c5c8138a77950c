// A user's program, outside the tree, against the installed package.
#include <stet/stet.h>
#include <stet/tensor/parallel.h>

#include <cstdio>

int main() {
  stet::set_threads(3);
  std::printf("threads %d\n", stet::threads());
}
