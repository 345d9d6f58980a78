// What one PUBLISH costs the codec: framing, decoding, encoding.
#include <benchmark/benchmark.h>
#include <vector>

#include "peal/mqtt/decode.hpp"
#include "peal/mqtt/encode.hpp"

namespace peal::mqtt {
namespace {

constexpr std::size_t packet_size_limit = std::size_t{1} << 20;

Publish sensor_reading(Bytes payload, QoS qos) {
  Publish publish;
  publish.topic = TopicName::trusted("plant/hall-3/press-17/temperature");
  publish.payload = payload;
  publish.qos = qos;
  publish.packet_id = qos == QoS::at_most_once ? PacketId::none : PacketId{7};
  return publish;
}

std::vector<std::uint8_t> packet_of(const Publish& publish, ProtocolVersion version) {
  std::vector<std::uint8_t> packet(encoded_size(publish, version));
  benchmark::DoNotOptimize(encode(publish, version, packet));
  return packet;
}

void frame_and_decode(benchmark::State& state, ProtocolVersion version, QoS qos) {
  const std::vector<std::uint8_t> payload(64, 'x');
  const auto packet = packet_of(sensor_reading(payload, qos), version);
  for (auto _ : state) {
    const auto frame = next_frame(packet, packet_size_limit);
    benchmark::DoNotOptimize(decode_publish((*frame)->header, (*frame)->body, version));
  }
}
BENCHMARK_CAPTURE(frame_and_decode, v3_1_1_qos0, ProtocolVersion::v3_1_1, QoS::at_most_once);
BENCHMARK_CAPTURE(frame_and_decode, v5_qos1, ProtocolVersion::v5, QoS::at_least_once);

void frame_only(benchmark::State& state) {
  const std::vector<std::uint8_t> payload(64, 'x');
  const auto packet =
      packet_of(sensor_reading(payload, QoS::at_most_once), ProtocolVersion::v3_1_1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(next_frame(packet, packet_size_limit));
  }
}
BENCHMARK(frame_only);

void encode_publish(benchmark::State& state, ProtocolVersion version, QoS qos) {
  const std::vector<std::uint8_t> payload(64, 'x');
  const Publish publish = sensor_reading(payload, qos);
  std::vector<std::uint8_t> room(256);
  for (auto _ : state) {
    benchmark::DoNotOptimize(encode(publish, version, room));
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(encode_publish, v3_1_1_qos0, ProtocolVersion::v3_1_1, QoS::at_most_once);
BENCHMARK_CAPTURE(encode_publish, v5_qos1, ProtocolVersion::v5, QoS::at_least_once);

}  // namespace
}  // namespace peal::mqtt
