#include "stet/tracking/capture/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "stet/tracking/capture/secrets.h"
#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Secrets, AreMaskedByName) {
  for (const char* name :
       {"password", "DB_PASSWORD", "--api-key", "apiKey", "AWS_SECRET_ACCESS_KEY", "client.secret", "credentials"}) {
    EXPECT_EQ(mask_secret(name, "hunter2"), "***") << name;
  }
  EXPECT_EQ(mask_secret("WANDB_TOKEN", "abcdefgh"), "***");
  EXPECT_EQ(mask_secret("password", ""), "");
}

TEST(Secrets, AreMaskedByLook) {
  for (const char* value :
       {"ghp_abcdefghijklmnopqrstuvwxyz0123456789", "x=AKIAABCDEFGHIJKLMNOP", "sk-aaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "-----BEGIN RSA PRIVATE KEY-----"}) {
    EXPECT_EQ(mask_secret("note", value), "***") << value;
  }
  EXPECT_EQ(mask_secret("url", "https://joe:pw@host/x@y and http://a.b"), "https://***@host/x@y and http://a.b");
}

TEST(Secrets, WhatModelsAreMadeOfIsNot) {
  for (auto [name, value] :
       std::vector<std::pair<const char*, const char*>>{{"eos-token", "</s>"},
                                                        {"max_tokens", "1000000000"},
                                                        {"pad-token", "1000000000"},
                                                        {"tokenizer", "sentencepiece-32k"},
                                                        {"key_dim", "64"},
                                                        {"monkey", "banana-banana"},
                                                        {"name", "task-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
                                                        {"author", "Grace Hopper"}}) {
    EXPECT_EQ(mask_secret(name, value), value) << name;
  }
}

TEST(Secrets, AreMaskedInArguments) {
  EXPECT_THAT(
      mask_arguments({"prog", "--password", "x", "--api-key=y", "--lr", "1e-3", "--password", "--seed", "2", "-"}),
      ElementsAre("prog", "--password", "***", "--api-key=***", "--lr", "1e-3", "--password", "--seed", "2", "-"));
}

TEST(Environment, HoldsWhatALaunchRanOn) {
  ::setenv("STET_TEST_VARIABLE", "seen", 1);
  ::setenv("STET_API_KEY", "hidden", 1);
  ::setenv("HOME_MADE", "no business", 1);
  record::Launch launch;
  describe_environment(launch, {"prog", "--secret=1"}, "/work");
  EXPECT_THAT(launch.argv(), ElementsAre("prog", "--secret=***"));
  EXPECT_EQ(launch.environment().at("STET_TEST_VARIABLE"), "seen");
  EXPECT_EQ(launch.environment().at("STET_API_KEY"), "***");
  EXPECT_FALSE(launch.environment().contains("HOME_MADE"));
  EXPECT_THAT(launch.build().flags(), HasSubstr("-ffp-contract=off"));
  EXPECT_THAT(launch.build().compiler(), HasSubstr("++ "));
  EXPECT_EQ(launch.build().libraries().count("hdf5"), 1u);
  EXPECT_FALSE(launch.machine().cpu().empty());
  EXPECT_GT(launch.machine().cpus(), 0);
  EXPECT_GT(launch.machine().memory_bytes(), 1 << 26);
  EXPECT_GT(launch.started(), 1.7e9);
}

}  // namespace
}  // namespace stet::tracking
