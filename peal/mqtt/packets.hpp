// Every packet as a value. The same types are what decoding gives and what encoding takes; all
// text, bytes and properties are views into somebody's buffer and dangle with it.
//
// One type serves all three versions: fields that a version does not have are left at their
// defaults by the decoder and passed over by the encoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "peal/base/bytes.hpp"
#include "peal/mqtt/packet_type.hpp"
#include "peal/mqtt/properties.hpp"
#include "peal/mqtt/protocol_version.hpp"
#include "peal/mqtt/reason_code.hpp"
#include "peal/mqtt/topic_filter.hpp"
#include "peal/mqtt/topic_name.hpp"

namespace peal::mqtt {

/// Packet Identifier; 0 stands for "none". (MQTT 5 §2.2.1)
enum class PacketId : std::uint16_t { none = 0 };

/// The Will Message as CONNECT has it. (MQTT 5 §3.1.3.2)
struct Will {
  TopicName topic = {};
  Bytes payload = {};
  PropertiesView properties = {};
  QoS qos = QoS::at_most_once;
  bool retain = false;
};

struct Connect {
  ProtocolVersion version = ProtocolVersion::v5;
  bool clean_start = true;
  /// The top bit of the protocol level byte that bridges set (mosquitto's `try_private`); level
  /// 0x83 and 0x84.
  bool is_bridge = false;
  std::uint16_t keep_alive_seconds = 0;
  std::string_view client_id = {};
  std::optional<Will> will = {};
  std::optional<std::string_view> user_name = {};
  std::optional<Bytes> password = {};
  PropertiesView properties = {};
};

struct Connack {
  bool session_present = false;
  ReasonCode reason = ReasonCode::success;  // written as the nearest return code in 3.1 and 3.1.1
  PropertiesView properties = {};
};

struct Publish {
  TopicName topic = {};  // empty only in v5, with a Topic Alias
  Bytes payload = {};
  PropertiesView properties = {};
  PacketId packet_id = PacketId::none;
  QoS qos = QoS::at_most_once;
  bool dup = false;
  bool retain = false;
};

/// PUBACK, PUBREC, PUBREL and PUBCOMP are one shape. (MQTT 5 §3.4 to §3.7)
struct Ack {
  PacketType type = PacketType::puback;
  PacketId packet_id = PacketId::none;
  ReasonCode reason = ReasonCode::success;
  PropertiesView properties = {};
};

enum class RetainHandling : std::uint8_t { send = 0, send_if_new = 1, do_not_send = 2 };

/// The Subscription Options byte. (MQTT 5 §3.8.3.1) In 3.x only the QoS is there.
struct SubscriptionOptions {
  QoS qos = QoS::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::send;

  friend bool operator==(const SubscriptionOptions&, const SubscriptionOptions&) = default;
};

/// One line of a SUBSCRIBE. `filter_text` is well-formed UTF-8; whether it is a valid Topic Filter
/// is asked with `TopicFilter::parse`, because a bad one fails alone (SUBACK 0x8F) and not the
/// packet.
struct SubscribeEntry {
  std::string_view filter_text = {};
  SubscriptionOptions options = {};
};

/// The payload of SUBSCRIBE or UNSUBSCRIBE, checked and walked in place.
template <typename Entry>
class EntryList {
 public:
  class Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using reference = const Entry&;
    using pointer = const Entry*;
    Iterator() = default;
    explicit Iterator(Bytes rest) : rest_(rest) { read(); }
    const Entry& operator*() const { return current_; }
    const Entry* operator->() const { return &current_; }
    Iterator& operator++() {
      rest_ = rest_.subspan(size_);
      read();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.rest_.size() == b.rest_.size();
    }

   private:
    void read();  // packets.cpp, for the two kinds of entry
    Bytes rest_;
    std::size_t size_ = 0;
    Entry current_{};
  };

  EntryList() = default;
  /// `raw` was checked by a decoder or written by `append_entry`.
  [[nodiscard]] static EntryList trusted(Bytes raw) {
    EntryList list;
    list.raw_ = raw;
    return list;
  }
  [[nodiscard]] Bytes raw() const { return raw_; }
  [[nodiscard]] Iterator begin() const { return Iterator(raw_); }
  [[nodiscard]] Iterator end() const { return {}; }

 private:
  Bytes raw_;
};

struct Subscribe {
  PacketId packet_id = PacketId::none;
  PropertiesView properties = {};
  EntryList<SubscribeEntry> entries = {};
};

struct Unsubscribe {
  PacketId packet_id = PacketId::none;
  PropertiesView properties = {};
  EntryList<std::string_view> filters = {};  // well-formed UTF-8, see SubscribeEntry
};

/// SUBACK or UNSUBACK; one Reason Code for each filter, as bytes. UNSUBACK of 3.x has none.
struct Suback {
  PacketType type = PacketType::suback;
  PacketId packet_id = PacketId::none;
  PropertiesView properties = {};
  Bytes reason_codes = {};
};

struct Disconnect {
  ReasonCode reason = ReasonCode::success;
  PropertiesView properties = {};
};

struct Auth {
  ReasonCode reason = ReasonCode::success;
  PropertiesView properties = {};
};

}  // namespace peal::mqtt
