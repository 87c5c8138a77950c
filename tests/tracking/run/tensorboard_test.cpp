// TensorBoard's own reader is the judge of the event files.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"
#include "tracking/run/tensorboard_python.h"
#include "tracking/stamped.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

TEST(TensorBoard, LoadsAResumedRunWithTextAndImages) {
  std::string python = python_with_tensorboard();
  if (python.empty()) GTEST_SKIP() << "tensorboard can't be installed here: its reader judges nothing";
  TempFolder temp;
  EventWriter first(real_file_system(), temp.path());
  for (int64_t step = 1; step <= 4; ++step)
    first.append(stamped(step, 0, scalar_event("loss", 0.5 * static_cast<double>(step))));
  LogPosition checkpoint = first.position();
  record::Event digest;
  digest.set_step(4);
  digest.mutable_state_digest()->set_root("0123456789abcdef");
  digest.mutable_state_digest()->add_leaf(7);
  first.append(digest);
  for (int64_t step = 5; step <= 8; ++step) first.append(stamped(step, 0, scalar_event("loss", -1)));
  first.sync();
  EventWriter second(real_file_system(), temp.path(), checkpoint, 5);
  for (int64_t step = 5; step <= 6; ++step)
    second.append(stamped(step, 0, scalar_event("loss", 0.5 * static_cast<double>(step))));
  second.append(stamped(6, 0, scalar_event("accuracy", 0.75, {{"subset", "test"}, {"fold", "1"}})));
  second.append(stamped(6, 0, scalar_event("accuracy", 0.5, {{"fold", "1"}, {"subset", "test"}})));
  second.append(stamped(6, 0, scalar_event("accuracy[fold=1,subset=test]", 0.25)));
  second.append(stamped(6, 0, text_event("note", "*good*")));
  second.append(stamped(6, 0, image_event("digit", 28, 14, "\x89PNG")));
  second.append(stamped(6, 0, histogram_event("weights", {{{-1, 0, 3}, {0, 1, 5}}})));
  second.append(stamped(6, 0, vector_event("per class", std::vector<double>{0.25, 0.75})));
  record::Event several = stamped(6, 0, scalar_event("a", 1));
  *several.mutable_summary()->add_value() = scalar_event("b", 2).summary().value(0);
  second.append(several);
  second.sync();

  std::ofstream(temp / "read.py") << R"(
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
log = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'tensors': 0})
log.Reload()
assert [(e.step, e.value) for e in log.Scalars('loss')] == [(s, 0.5 * s) for s in range(1, 7)], log.Scalars('loss')
assert [(e.step, e.value) for e in log.Scalars('accuracy[fold=1,subset=test]')] == [(6, 0.75), (6, 0.5)]
assert [(e.step, e.value) for e in log.Scalars('accuracy\\[fold=1,subset=test]')] == [(6, 0.25)]
assert 'note' in log.PluginTagToContent('text') and 'digit' in log.PluginTagToContent('images')
assert log.Tensors('note')[0].tensor_proto.string_val[0] == b'*good*'
assert list(log.Tensors('digit')[0].tensor_proto.string_val) == [b'28', b'14', b'\x89PNG']
assert 'weights' in log.PluginTagToContent('histograms')
from tensorboard.util import tensor_util
assert tensor_util.make_ndarray(log.Tensors('weights')[0].tensor_proto).tolist() == [[-1, 0, 3], [0, 1, 5]]
assert tensor_util.make_ndarray(log.Tensors('per class')[0].tensor_proto).tolist() == [0.25, 0.75]
assert [(e.step, e.value) for t in 'ab' for e in log.Scalars(t)] == [(6, 1), (6, 2)]
assert log.FirstEventTimestamp() > 1e9
)";
  EXPECT_EQ(std::system((python + " " + (temp / "read.py").string() + " " + temp.path().string()).c_str()), 0);
}

}  // namespace
}  // namespace stet::tracking
