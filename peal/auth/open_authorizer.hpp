// The authorizer of a server without rules: everything is allowed to whoever was let in.
#pragma once

#include "peal/broker/ports/authorizer.hpp"

namespace peal::auth {

/// Stateless.    threads   any.
class OpenAuthorizer final : public broker::Authorizer {
 public:
  [[nodiscard]] bool may_publish(const broker::ClientIdentity& /*client*/,
                                 mqtt::TopicName /*topic*/, mqtt::QoS /*qos*/,
                                 bool /*retain*/) override {
    return true;
  }
  [[nodiscard]] bool may_subscribe(const broker::ClientIdentity& /*client*/,
                                   const mqtt::TopicFilter& /*filter*/) override {
    return true;
  }
  [[nodiscard]] bool may_receive(const broker::ClientIdentity& /*client*/,
                                 mqtt::TopicName /*topic*/) override {
    return true;
  }
  [[nodiscard]] bool restricts_receiving() const override { return false; }
};

}  // namespace peal::auth
