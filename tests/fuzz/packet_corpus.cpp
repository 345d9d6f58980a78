// Writes every row of the packet table into a file of its own below DIR: its version as one byte
// (3, 4 or 5) and then the packet, as decode_fuzz reads it.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/hex.hpp"
#include "support/packet_cases.hpp"

namespace {

void write_case(const std::filesystem::path& path, const peal::mqtt::test::PacketCase& one) {
  std::ofstream file(path, std::ios::binary);
  file.put(static_cast<char>(one.version));
  for (const std::uint8_t byte : peal::test::from_hex(one.hex)) {
    file.put(static_cast<char>(byte));
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: packet_corpus DIR\n", stderr);
    return 2;
  }
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  std::size_t number = 0;
  for (const auto& one : peal::mqtt::test::packet_cases()) {
    write_case(folder / ("packet_" + std::to_string(number++)), one);
  }
  return 0;
}
