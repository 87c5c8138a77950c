// Random numbers by counter (Philox4x32-10, Salmon et al., SC'11): what is drawn depends on seed, path and coordinates
// alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tensor/contract.h"

namespace stet {

/// Key of a Philox generator.
using PhiloxKey = std::array<uint32_t, 2>;

/// The four words that Philox4x32-10 gives for a counter.
std::array<uint32_t, 4> philox(const std::array<uint32_t, 4>& counter, PhiloxKey key);

/// A seed and a path. `rng / "name"` derives a path, so adding a layer shifts no other layer's numbers. A value: it
/// draws nothing itself.
class Rng {
 public:
  explicit Rng(uint64_t seed, std::string path = "") : seed_(seed), path_(std::move(path)) {}

  /// The path one name deeper. Throws UsageError if the name is empty or holds a '/'.
  Rng operator/(std::string_view name) const;
  Rng operator/(int64_t index) const { return *this / std::string_view(std::to_string(index)); }

  uint64_t seed() const { return seed_; }
  const std::string& path() const { return path_; }
  /// First 8 bytes of SHA-256(seed as 8 little-endian bytes, path).
  PhiloxKey key() const;

 private:
  uint64_t seed_;
  std::string path_;
};

/// Coordinate of one draw of a tensor: element i takes word i & 3 of philox((i >> 2, call, shard, tick), key).
struct Draw {
  PhiloxKey key{};
  uint32_t call = 0, shard = 0, tick = 0;
};

/// While one lives, the streams of this thread refuse to draw, with these words: what is done in another order on
/// another machine takes its random numbers from elsewhere.
class NoDraws {
 public:
  explicit NoDraws(const char* why);
  ~NoDraws();
  NoDraws(const NoDraws&) = delete;
  NoDraws& operator=(const NoDraws&) = delete;

 private:
  const char* before_;
};

/// What samplers draw from. Counts its draws within a tick, so a boundary has no random state to save. Copying gives a
/// stream on the same path, which may draw only once the original is gone: two live streams on one path would draw the
/// same numbers.
class Stream {
 public:
  /// Throws UsageError if a live stream has the path already.
  explicit Stream(const Rng& rng);
  ~Stream();
  Stream(const Stream&);
  Stream(Stream&&) noexcept;
  Stream& operator=(const Stream&);
  Stream& operator=(Stream&&) noexcept;

  /// The coordinate of the next draw. Throws UsageError if the path belongs to another live stream, or under NoDraws.
  Draw next();
  const std::string& path() const { return rng_.path(); }

 private:
  void claim();
  void release();

  Rng rng_;
  PhiloxKey key_;
  uint32_t call_ = 0, tick_ = 0;
  bool owner_ = false;
};

/// A Fisher-Yates permutation of 0 … n-1 that depends on (seed, path, epoch) alone.
std::vector<int64_t> permutation(const Rng& rng, int64_t n, uint32_t epoch = 0);

/// A sequence of scalar draws for one sample of a data set in one epoch: random transforms take theirs from it, so a
/// sample's transform depends neither on the worker that made it nor on the other samples.
class SampleDraws {
 public:
  SampleDraws(const Rng& rng, uint32_t epoch, uint64_t sample) : SampleDraws(rng.key(), epoch, sample) {}
  SampleDraws(PhiloxKey key, uint32_t epoch, uint64_t sample) : key_(key), epoch_(epoch), sample_(sample) {}

  uint32_t word();
  /// Uniform in [0, 1): 24 bits.
  float uniform() { return static_cast<float>(word() >> contract::kUniformShift) * contract::kUniformStep; }
  /// Uniform in 0 … n-1, n up to 2^32.
  int64_t below(int64_t n) { return static_cast<int64_t>((uint64_t{word()} * static_cast<uint64_t>(n)) >> 32); }

 private:
  PhiloxKey key_;
  uint32_t epoch_;
  uint64_t sample_;
  uint32_t next_ = 0;
  std::array<uint32_t, 4> words_{};
};

}  // namespace stet
