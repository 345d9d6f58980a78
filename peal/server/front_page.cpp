#include "peal/server/front_page.hpp"

namespace peal::server {

namespace {

constexpr std::string_view page = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Peal</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; color: #1b2733; }
  h1 { font-weight: 600; } code { background: #eef2f6; padding: .1em .35em; border-radius: .25em; }
  @media (prefers-color-scheme: dark) { body { background: #12181f; color: #dde6ee; } code { background: #22303d; } }
</style>
<h1>An MQTT server is ringing here.</h1>
<p>This port speaks MQTT, and MQTT over WebSocket at <code>/mqtt</code>.</p>
<p>From a terminal: <code>peal sub -t 'hello/#' -v</code>, and in another one <code>peal pub -t hello/world -m hi</code>.</p>
</html>
)";

}  // namespace

net::HttpAnswer answer_http(const net::HttpRequest& request) {
  net::HttpAnswer answer;
  if (request.method != "GET" && request.method != "HEAD") {
    answer.status = 405;
    answer.body = "Only GET is served here.\n";
    answer.headers.emplace_back("Allow", "GET, HEAD");
    return answer;
  }
  if (request.path() != "/") {
    answer.status = 404;
    answer.body = "There is nothing here.\n";
    return answer;
  }
  answer.content_type = "text/html; charset=utf-8";
  answer.body = page;
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

}  // namespace peal::server
