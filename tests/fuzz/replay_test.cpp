// Every seed, and every input that once went wrong, through what libFuzzer runs, and each of them cut short.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz/targets.h"

namespace stet::fuzz {
namespace {

class Fuzz : public testing::TestWithParam<Target> {};

TEST_P(Fuzz, Replays) {
  const std::filesystem::path corpus = std::filesystem::path(STET_SOURCE_DIR) / "tests/fuzz/corpus" / GetParam().name;
  size_t inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    SCOPED_TRACE(entry.path());
    GetParam().run(bytes);
    for (size_t part = 1; part < 8; ++part) GetParam().run(Input(bytes).first(bytes.size() * part / 8));
    ++inputs;
  }
  EXPECT_GT(inputs, 0u);
}

INSTANTIATE_TEST_SUITE_P(Readers, Fuzz, testing::ValuesIn(kTargets), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace stet::fuzz
