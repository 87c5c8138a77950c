#include "stet/tensor/work.h"

namespace stet {
namespace {
thread_local int64_t work_here = 0;
}

int64_t work_done() { return work_here; }
void add_work(int64_t amount) { work_here += amount; }

}  // namespace stet
