// A run's checkpoint in a net without a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tracking/reading/restore.h"
#include "stet/tracking/reading/run_view.h"
#include "stet/tracking/record/checkpoint.h"
#include "tracking/run_harness.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

// The scenario program's.
struct Net : Stateful {
  Parameter in{zeros({4, 5})}, out{zeros({5, 1})};
  void members(Visitor& v) override { v("in", in)("out", out); }
};

struct Wider : Stateful {
  Parameter in{zeros({4, 7})}, more{zeros({1})};
  void members(Visitor& v) override { v("in", in)("more", more); }
};

class RestoreTest : public testing::Test {
 protected:
  void train(Arguments arguments) {
    const Ended ended = run_scenario(folder_.path(), arguments, {});
    ASSERT_EQ(ended.status, 0) << ended.err;
  }
  RestoreOptions options(RestoreOptions options = {}) const {
    options.runs = (folder_ / "runs").string();
    return options;
  }
  std::vector<RunCheckpoint> checkpoints() const { return Runs(folder_ / "runs").open("latest").checkpoints; }
  std::string refusal(Stateful& net, const std::string& which, const RestoreOptions& given) {
    try {
      restore(net, which, given);
    } catch (const Error& error) { return error.what(); }
    return "no error";
  }
  TempFolder folder_;
};

TEST_F(RestoreTest, SetsANetFromTheNewestTheBestOrAnyCheckpoint) {
  train({"--form", "best", "--checkpoint-every", "7"});
  Net net;
  EXPECT_EQ(restore(net, "latest", options()), checkpoints().back().step);
  EXPECT_GT(sum(abs(net.in.value())).item<float>(), 0);
  for (const RunCheckpoint& c : checkpoints()) {
    Net other;
    EXPECT_EQ(restore(other, "latest", options({.step = c.step})), c.step);
    if (c.best) { EXPECT_EQ(restore(net, "latest", options({.best = true})), c.step); }
    Net from_file;
    EXPECT_EQ(restore(from_file, c.path.string()), c.step);
    EXPECT_EQ(from_file.in.value().to_vector<float>(), other.in.value().to_vector<float>());
    const Checkpoint read = decode(as_bytes(InputFile(Path(c.path)).read()), "it");
    for (const TensorEntry& t : read.tensors) {
      if (t.path != "net/in") continue;
      EXPECT_EQ(std::memcmp(t.data.data(), other.in.value().data(), t.data.size()), 0);
    }
  }
}

TEST_F(RestoreTest, RefusesWhatDoesNotFitAndSetsNothing) {
  train({"--checkpoint-every", "7"});
  Wider net;
  const std::string message = refusal(net, "latest", options());
  EXPECT_THAT(message,
              HasSubstr("nothing was set: not in the checkpoint: net/more; only in the checkpoint: net/out; other "
                        "shape or type: net/in is float32 [4, 7] here and float32 [4, 5] there"));
  EXPECT_EQ(sum(abs(net.in.value())).item<float>(), 0);
  EXPECT_THAT(refusal(net, "latest", options({.name = "critic"})), HasSubstr("holds no 'critic'; it holds "));
  EXPECT_THAT(refusal(net, "latest", options({.step = 1})), HasSubstr("has no checkpoint of step 1; it has "));
  EXPECT_THAT(refusal(net, "latest", options({.best = true})), HasSubstr("keeps no best checkpoint"));
  EXPECT_THAT(refusal(net, "none", options()), HasSubstr("none"));
  std::ofstream(folder_ / "cut.h5") << "STETCKPT";
  EXPECT_THAT(refusal(net, (folder_ / "cut.h5").string(), options()), HasSubstr("cut.h5"));
}

}  // namespace
}  // namespace stet::tracking
