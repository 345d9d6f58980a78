#include "peal/broker/message.hpp"

#include <cstring>
#include <new>

namespace peal::broker {

Message::Message(const MessageFields& fields)
    : payload_size_(static_cast<std::uint32_t>(fields.payload.size())),
      properties_size_(static_cast<std::uint32_t>(fields.properties.size())),
      topic_size_(static_cast<std::uint16_t>(fields.topic.text().size())),
      qos_(fields.qos),
      retain_(fields.retain),
      expires_(fields.expires),
      publisher_(fields.publisher) {}

MessageRef Message::make(const MessageFields& fields) {
  const std::string_view topic = fields.topic.text();
  const std::size_t size =
      sizeof(Message) + topic.size() + fields.properties.size() + fields.payload.size();
  auto* message = ::new (::operator new(size)) Message(fields);
  auto append = [at = reinterpret_cast<char*>(message + 1)](std::string_view part) mutable {
    if (!part.empty()) {
      std::memcpy(at, part.data(), part.size());
      at += part.size();
    }
  };
  append(topic);
  append(as_text(fields.properties));
  append(as_text(fields.payload));
  return MessageRef::adopt(message);
}

}  // namespace peal::broker
