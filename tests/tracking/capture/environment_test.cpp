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
  EXPECT_EQ(mask_secret("header", "Authorization: Bearer abcdefghijklmnop0123"), "***");
  EXPECT_EQ(mask_secret("url", "https://joe:pw@host/x@y and http://a.b"), "https://***@host/x@y and http://a.b");
  EXPECT_EQ(mask_secret("data", "s3://bucket/key?X-Amz-Signature=abc&x=1"), "s3://bucket/key?***");
  EXPECT_EQ(mask_secret("data", "https://joe@host?sig=1#part \"http://a.b/#access\""),
            "https://***@host?*** \"http://a.b/#***\"");
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
  EXPECT_THAT(mask_arguments({"prog", "--password", "-x", "-h"}), ElementsAre("prog", "--password", "***", "-h"));
  EXPECT_THAT(mask_arguments({"prog", "DB_PASSWORD=x", "a=b"}), ElementsAre("prog", "DB_PASSWORD=***", "a=b"));
}

TEST(Secrets, FilesOfCredentialsAreKnownByName) {
  for (const char* path :
       {".env", "deploy/.env.production", "id_rsa", "a/id_ed25519", "server.pem", "TLS.KEY", ".netrc", "secrets.yaml",
        "client_secret_12.json", "aws-credentials.ini", "service-account.json", "passwords.txt", ".ssh/config",
        "home/.aws/config", "credentials", "api_keys.toml"})
    EXPECT_TRUE(names_credentials(path)) << path;
  for (const char* path : {"secrets.cpp", "secrets.h", "tokens.json", "tokenizer.json", ".env.example", "id_rsa.pub",
                           "monkey.json", "key.cpp", "config.yaml", "README.md", "environment.yml", "keys.py"})
    EXPECT_FALSE(names_credentials(path)) << path;
}

TEST(Secrets, AreFoundInSettings) {
  for (const char* text :
       {"password: hunter2\n", "+  api_key = \"abc\"\n", "{\"db\": {\"passwd\":\"x\"}}", "[a]\nSECRET=1\n",
        "note: ghp_abcdefghijklmnopqrstuvwxyz0123456789\n", "auth_token: abcdefgh12\n"})
    EXPECT_TRUE(holds_secret(text)) << text;
  for (const char* text :
       {"password:\n  rules: strict\n", "lr: 0.1\nmax_tokens: 1000000000\n", "pad_token: <|endoftext|>\n",
        "api_key: \"\"\n", "@@ -1,3 +1,4 @@\n tokenizer = gpt2-large\n", "url: http://host/a\n"})
    EXPECT_FALSE(holds_secret(text)) << text;
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
