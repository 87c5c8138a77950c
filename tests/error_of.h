// What a call that is meant to fail says.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "stet/tensor/error.h"

namespace stet {

/// The message, of one line, of the E that `call` throws; "nothing was thrown" where it returns. Any other exception
/// fails the test.
template <class E = UsageError, class F> std::string error_of(F&& call) {
  try {
    call();
  } catch (const E& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), message.npos) << message;
    return message;
  }
  return "nothing was thrown";
}

}  // namespace stet
