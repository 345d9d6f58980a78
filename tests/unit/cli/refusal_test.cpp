#include "peal/cli/refusal.hpp"

#include <gtest/gtest.h>

namespace peal::cli {
namespace {

using mqtt::ProtocolVersion;
using mqtt::ReasonCode;

TEST(Refusal, SaysWhatAndWhatToDo) {
  EXPECT_EQ(refusal_text(ReasonCode::bad_user_name_or_password, ProtocolVersion::v5, ""),
            "Connection refused: Bad User Name or Password. Check the user name (-u) and the "
            "password (-P).");
  EXPECT_EQ(refusal_text(ReasonCode::server_busy, ProtocolVersion::v5, "come at noon"),
            "Connection refused: Server busy (come at noon). Try again later.");
  EXPECT_EQ(refusal_text(ReasonCode::unspecified_error, ProtocolVersion::v5, ""),
            "Connection refused: Unspecified error.");
}

TEST(Refusal, TheExitCodeIsWhatConnackCarried) {
  EXPECT_EQ(refusal_exit_code(ReasonCode::not_authorized, ProtocolVersion::v5), 135);
  EXPECT_EQ(refusal_exit_code(ReasonCode::not_authorized, ProtocolVersion::v3_1_1), 5);
  EXPECT_EQ(refusal_exit_code(ReasonCode::unsupported_protocol_version, ProtocolVersion::v3_1), 1);
}

TEST(Refusal, ConnectionsHaveAdviceToo) {
  EXPECT_NE(connect_advice("cannot connect to h:1: Connection refused"), "");
  EXPECT_NE(connect_advice("TLS: the certificate does not verify: expired"),
            connect_advice("TLS: wrong version number"));
  EXPECT_EQ(connect_advice("something else"), "");
  EXPECT_EQ(connect_exit_code("cannot connect to h:1: TLS: the certificate does not verify"), 8);
  EXPECT_EQ(connect_exit_code("cannot connect to h:1: Connection refused"), 1);
}

}  // namespace
}  // namespace peal::cli
