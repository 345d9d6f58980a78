#include "peal/cli/bench_peer.hpp"

namespace peal::cli {

bool BenchPeer::flush() {
  while (has_output()) {
    const std::size_t sent = socket_.write_some(Bytes(out_).subspan(out_at_));
    out_at_ += sent;
    if (sent == 0) {
      return false;
    }
  }
  out_.clear();
  out_at_ = 0;
  return true;
}

bool BenchPeer::send(Bytes bytes) {
  const bool waited_before = has_output();
  if (!waited_before) {
    bytes = bytes.subspan(socket_.write_some(bytes));
  }
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return bytes.empty() || waited_before;
}

}  // namespace peal::cli
