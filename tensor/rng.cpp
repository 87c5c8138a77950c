#include "stet/tensor/rng.h"

#include <pthread.h>

#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <utility>

#include "stet/tensor/counted.h"
#include "stet/tensor/error.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/philox.h"
#include "stet/tensor/sha256.h"

namespace stet {

std::array<uint32_t, 4> philox(const std::array<uint32_t, 4>& counter, PhiloxKey key) {
  const PhiloxBlock words = philox_block({{counter[0], counter[1], counter[2], counter[3]}}, key[0], key[1]);
  return {words.of[0], words.of[1], words.of[2], words.of[3]};
}

Rng Rng::operator/(std::string_view name) const {
  if (name.empty() || name.find('/') != name.npos)
    raise("rng '{}': '{}' is not a name: it is empty or holds '/'", path_, name);
  return Rng(seed_, path_.empty() ? std::string(name) : path_ + "/" + std::string(name));
}

PhiloxKey Rng::key() const {
  const Sha256Digest digest = Sha256().update(seed_).update(path_).digest();
  const auto word = [&](size_t at) {
    uint32_t w = 0;
    for (size_t i = 0; i < 4; ++i) w |= static_cast<uint32_t>(digest[at + i]) << (8 * i);
    return w;
  };
  return {word(0), word(4)};
}

namespace {

// Paths that a live stream draws from, by seed and path.
struct LivePaths {
  std::mutex mutex;
  std::set<std::pair<uint64_t, std::string>> taken;
};
LivePaths& live_paths() {
  static LivePaths& instance = *new LivePaths;
  return instance;
}

// No fork finds them in another thread's hands, which the child would not have.
[[maybe_unused]] const int paths_held_while_forking = ::pthread_atfork(
    [] { live_paths().mutex.lock(); }, [] { live_paths().mutex.unlock(); }, [] { live_paths().mutex.unlock(); });

}  // namespace

namespace {
thread_local const char* no_draws = nullptr;
}

NoDraws::NoDraws(const char* why) : before_(std::exchange(no_draws, why)) {}
NoDraws::~NoDraws() { no_draws = before_; }

Stream::Stream(const Rng& rng) : rng_(rng), key_(rng.key()) { claim(); }
Stream::~Stream() { release(); }
Stream::Stream(const Stream& other) : rng_(other.rng_), key_(other.key_), call_(other.call_), tick_(other.tick_) {}
Stream::Stream(Stream&& other) noexcept
    : rng_(other.rng_),
      key_(other.key_),
      call_(other.call_),
      tick_(other.tick_),
      owner_(std::exchange(other.owner_, false)) {}

Stream& Stream::operator=(const Stream& other) { return *this = Stream(other); }

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this == &other) return *this;
  release();
  rng_ = other.rng_;
  key_ = other.key_;
  call_ = other.call_;
  tick_ = other.tick_;
  owner_ = std::exchange(other.owner_, false);
  return *this;
}

void Stream::claim() {
  auto& live = live_paths();
  std::lock_guard lock(live.mutex);
  if (!live.taken.insert({rng_.seed(), rng_.path()}).second) {
    raise("stream '{}': another live stream draws from this path; give each its own name, as in rng / \"name\"",
          rng_.path());
  }
  owner_ = true;
}

void Stream::release() {
  if (!owner_) return;
  auto& live = live_paths();
  std::lock_guard lock(live.mutex);
  live.taken.erase({rng_.seed(), rng_.path()});
  owner_ = false;
}

Draw Stream::next() {
  return next_draw([&] {
    if (no_draws) raise("stream '{}': {}", rng_.path(), no_draws);
    if (!owner_) claim();
    if (tick_ != tick()) {
      tick_ = tick();
      call_ = 0;
    }
    if (call_ == UINT32_MAX) raise("stream '{}': 2^32 draws in one step", rng_.path());
    return Draw{.key = key_, .call = call_++, .shard = 0, .tick = tick_};
  });
}

std::vector<int64_t> permutation(const Rng& rng, int64_t n, uint32_t epoch) {
  if (n < 0 || n > INT64_C(0xffffffff)) raise("permutation: {} elements; 0 to 2^32 - 1 are possible", n);
  const PhiloxKey key = rng.key();
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::array<uint32_t, 4> words{};
  for (int64_t i = n - 1; i > 0; --i) {
    if (i == n - 1 || (i & 3) == 3) words = philox({static_cast<uint32_t>(i >> 2), 0, 0, epoch}, key);
    const uint64_t j = (uint64_t{words[static_cast<size_t>(i & 3)]} * static_cast<uint64_t>(i + 1)) >> 32;
    std::swap(order[static_cast<size_t>(i)], order[j]);
  }
  return order;
}

uint32_t SampleDraws::word() {
  if (next_ % 4 == 0) {
    words_ = philox({next_ / 4, static_cast<uint32_t>(sample_), static_cast<uint32_t>(sample_ >> 32), epoch_}, key_);
  }
  return words_[next_++ % 4];
}

}  // namespace stet
