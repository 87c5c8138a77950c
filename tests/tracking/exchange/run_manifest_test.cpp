// What of a run is copied, where a store says more of it than a run holds.
#include "stet/tracking/exchange/run_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "tracking/sealing.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

// A run whose folders have what `within` gives.
class ToldStore final : public Store {
 public:
  using Within = std::vector<StoreItem> (*)(const std::string& folder);
  explicit ToldStore(Within within) : within_(within) {}
  std::string describe(const std::string& path) const override { return "far:" + path; }
  std::vector<StoreItem> list(const std::string& folder) override {
    if (folder == "run") return {{"artifacts", {.kind = EntryStatus::Kind::folder}}};
    return within_(folder);
  }
  EntryStatus look_at(const std::string&) override { return {}; }
  void read(const std::string&, const std::function<void(Bytes)>& take) override {
    const std::string text = to_json(record::RunRecord());
    take(as_bytes(text));
  }
  std::unique_ptr<StoreFile> create(const std::string&, unsigned) override { return nullptr; }
  bool duplicate(const std::string&, const std::string&) override { return false; }
  void make_folder(const std::string&) override {}
  void rename(const std::string&, const std::string&) override {}
  void remove(const std::string&) override {}
  void sync(const std::string&) override {}
  bool is_here() const override { return false; }
  std::unique_ptr<StoreHold> hold(const std::string&) override { return nullptr; }
  bool is_held(const std::string&) override { return false; }

 private:
  Within within_;
};

std::string refusal(ToldStore::Within within) {
  ToldStore store(within);
  return error_of<DataError>([&] { read_manifest(store, "run"); });
}

TEST(RunManifest, HasBounds) {
  const auto wide = [](const std::string& folder) {
    const bool is_deep = std::count(folder.begin(), folder.end(), '/') > 2;
    std::vector<StoreItem> items;
    for (int i = 0; i < 1000; ++i)
      items.push_back({std::to_string(i), {.kind = is_deep ? EntryStatus::Kind::file : EntryStatus::Kind::folder}});
    return items;
  };
  EXPECT_THAT(refusal(wide), HasSubstr("is more than a run holds"));
  const auto deep = [](const std::string&) {
    return std::vector<StoreItem>{{"x", {.kind = EntryStatus::Kind::folder}}};
  };
  EXPECT_THAT(refusal(deep), HasSubstr("is deeper than a run is"));
  const auto long_name = [](const std::string&) {
    return std::vector<StoreItem>{{std::string(256, 'x'), {.kind = EntryStatus::Kind::file}}};
  };
  EXPECT_THAT(refusal(long_name), HasSubstr("far:run/artifacts: has a longer name in it than files have"));
}

}  // namespace
}  // namespace stet::tracking
