// The codec's part of a PUBLISH's path: cut from the stream, decoded, matched, encoded.
#include <array>
#include <benchmark/benchmark.h>
#include <vector>

#include "peal/mqtt/decode.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::mqtt {
namespace {

constexpr std::string_view topic = "site/7/device/1234/telemetry";
constexpr std::array<std::uint8_t, 64> payload{};

std::vector<std::uint8_t> encoded(const Publish& packet, ProtocolVersion version) {
  std::vector<std::uint8_t> bytes(encoded_size(packet, version));
  bytes.resize(encode(packet, version, bytes).value_or(0));
  return bytes;
}

Publish publish(QoS qos = QoS::at_most_once) {
  return {.topic = TopicName::trusted(topic),
          .payload = payload,
          .packet_id = static_cast<PacketId>(qos == QoS::at_most_once ? 0 : 7),
          .qos = qos};
}

void decode_all(benchmark::State& state, Bytes input, ProtocolVersion version) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(input);
    const auto frame = next_frame(input, 1 << 20, version);
    const auto packet = decode_publish((*frame)->header, (*frame)->body, version);
    benchmark::DoNotOptimize(packet->topic);
    benchmark::DoNotOptimize(packet->payload);
  }
}

void decode_publish_qos_0(benchmark::State& state) {
  decode_all(state, encoded(publish(), ProtocolVersion::v3_1_1), ProtocolVersion::v3_1_1);
}
BENCHMARK(decode_publish_qos_0);

void decode_publish_qos_0_v5(benchmark::State& state) {
  decode_all(state, encoded(publish(), ProtocolVersion::v5), ProtocolVersion::v5);
}
BENCHMARK(decode_publish_qos_0_v5);

void decode_publish_qos_1_v5_properties(benchmark::State& state) {
  std::array<std::uint8_t, 64> room{};
  PropertiesBuilder properties(room);
  properties.number(PropertyId::message_expiry_interval, 60)
      .text(PropertyId::content_type, "text/plain")
      .pair(PropertyId::user_property, "unit", "celsius");
  Publish packet = publish(QoS::at_least_once);
  packet.properties = properties.view();
  decode_all(state, encoded(packet, ProtocolVersion::v5), ProtocolVersion::v5);
}
BENCHMARK(decode_publish_qos_1_v5_properties);

void encode_all(benchmark::State& state, const Publish& packet, ProtocolVersion version) {
  std::array<std::uint8_t, 256> out{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet);
    benchmark::DoNotOptimize(encode(packet, version, out));
    benchmark::ClobberMemory();
  }
}

void encode_publish_qos_0(benchmark::State& state) {
  encode_all(state, publish(), ProtocolVersion::v3_1_1);
}
BENCHMARK(encode_publish_qos_0);

void encode_publish_qos_1_v5(benchmark::State& state) {
  encode_all(state, publish(QoS::at_least_once), ProtocolVersion::v5);
}
BENCHMARK(encode_publish_qos_1_v5);

void encode_puback(benchmark::State& state) {
  std::array<std::uint8_t, short_ack_bytes> out{};
  const Ack packet{.type = PacketType::puback, .packet_id = static_cast<PacketId>(7)};
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet);
    benchmark::DoNotOptimize(encode(packet, ProtocolVersion::v5, out));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(encode_puback);

void match(benchmark::State& state, std::string_view filter_text) {
  const TopicFilter filter = *TopicFilter::parse(filter_text);
  TopicName name = TopicName::trusted(topic);
  for (auto _ : state) {
    benchmark::DoNotOptimize(name);
    benchmark::DoNotOptimize(matches(filter, name));
  }
}
BENCHMARK_CAPTURE(match, exact, topic);
BENCHMARK_CAPTURE(match, plus, "site/+/device/+/telemetry");
BENCHMARK_CAPTURE(match, hash, "site/7/#");
BENCHMARK_CAPTURE(match, not_this, "site/8/device/+/telemetry");

void parse_topic_name(benchmark::State& state) {
  std::string_view text = topic;
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(TopicName::parse(text));
  }
}
BENCHMARK(parse_topic_name);

}  // namespace
}  // namespace peal::mqtt
