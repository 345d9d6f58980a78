// PROXY headers: a whole one is whole at exactly one length, and what follows changes nothing.
#include <cstdint>

#include "peal/base/assert.hpp"
#include "peal/net/proxy_header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Status = peal::net::ProxyHeader::Status;
  const peal::Bytes bytes(data, size);
  const auto header = peal::net::parse_proxy_header(bytes);
  if (header.status == Status::need_more) {
    PEAL_ASSERT(size < peal::net::proxy_header_bytes_max);
    return 0;
  }
  if (header.status == Status::bad) {
    return 0;
  }
  PEAL_ASSERT(header.bytes <= size && header.bytes <= peal::net::proxy_header_bytes_max);
  const auto exact = peal::net::parse_proxy_header(bytes.first(header.bytes));
  PEAL_ASSERT(exact.status == Status::complete && exact.bytes == header.bytes);
  PEAL_ASSERT(exact.source == header.source);
  const auto cut = peal::net::parse_proxy_header(bytes.first(header.bytes - 1));
  PEAL_ASSERT(cut.status == Status::need_more);
  static_cast<void>(header.source.text_with_port());
  return 0;
}
