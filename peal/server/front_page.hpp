// What a browser sees that comes to a listener by hand: one small built-in page. Says nothing about
// versions.
#pragma once

#include "peal/net/http.hpp"

namespace peal::server {

/// The answer to an HTTP request that is no WebSocket upgrade.    threads   pure.
[[nodiscard]] net::HttpAnswer answer_http(const net::HttpRequest& request);

}  // namespace peal::server
