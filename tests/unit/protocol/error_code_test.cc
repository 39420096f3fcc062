#include "common/protocol/error_code.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

TEST(ErrorCode, NamesMessagesAndRetries) {
  EXPECT_EQ(ToString(ErrorCode::kNone), "NONE");
  EXPECT_EQ(DefaultMessage(ErrorCode::kNone), "");
  EXPECT_EQ(ToString(ErrorCode::kUnknownServerError), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(ToString(ErrorCode::kNotLeaderOrFollower), "NOT_LEADER_OR_FOLLOWER");
  EXPECT_TRUE(IsRetriable(ErrorCode::kNotLeaderOrFollower));
  EXPECT_EQ(ToString(ErrorCode::kVoterNotFound), "VOTER_NOT_FOUND");
  EXPECT_FALSE(IsRetriable(ErrorCode::kVoterNotFound));
}

TEST(ErrorCode, EveryCodeHasItsNameAndMessage) {
  int retriable = 0;
  for (std::int16_t code = -1; code <= 127; ++code) {
    const auto error = static_cast<ErrorCode>(code);
    EXPECT_EQ(ToString(error) == "UNKNOWN_SERVER_ERROR", code == -1);
    EXPECT_EQ(DefaultMessage(error).empty(), code == 0) << error;
    retriable += IsRetriable(error) ? 1 : 0;
  }
  EXPECT_EQ(retriable, 31);
}

TEST(ErrorCode, NumbersThatAreNotListed) {
  for (const int code : {-32768, -2, 128, 133, 32767}) {
    EXPECT_EQ(ToString(static_cast<ErrorCode>(code)), "UNKNOWN_SERVER_ERROR") << code;
    EXPECT_FALSE(IsRetriable(static_cast<ErrorCode>(code))) << code;
  }
}

}  // namespace
}  // namespace ottla
