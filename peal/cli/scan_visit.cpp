#include "peal/cli/scan_visit.hpp"

#include <algorithm>
#include <utility>

namespace peal::cli {

ScanVisit::ScanVisit(ScanTools& tools, PortSeen& seen, Way way, const LoginRequest& request)
    : seen_(seen) {
  login_.end = Login::End::unreached;
  auto connection = tools.dialer.dial(seen.port, way);
  if (!connection.has_value()) {
    trouble_ = connection.error();
    return;
  }
  connection_ = std::move(*connection);
  talk_ = std::make_unique<ScanTalk>(connection_->stream(), request.version, tools.options.timeout);
  login_ = talk_->log_in(request);
  seen_.is_heard = seen_.is_heard || talk_->has_heard();
}

ScanVisit::~ScanVisit() {
  if (talk_ == nullptr) {
    return;
  }
  for (const Leak& leak : talk_->leaks()) {
    const bool is_known = std::ranges::any_of(seen_.leaks, [&leak](const Leak& known) {
      return known.where == leak.where && known.text == leak.text;
    });
    if (!is_known) {
      seen_.leaks.push_back(leak);
    }
  }
  if (login_.is_accepted()) {
    talk_->say_goodbye();
  }
}

LoginRequest stranger(const PortSeen& seen) {
  LoginRequest request;
  request.version = seen.best_version();
  if (seen.entry == Entry::any_password) {
    request.user_name = with_random_letters("peal-scan-");
    request.password = with_random_letters("");
  }
  return request;
}

}  // namespace peal::cli
