"""HTTP requests that strangers may send to a port, and what comes of each. (RFC 9110, 9112, 6455)

Reactions: a number is the status of the one answer, after which the connection ends; 101 is an
upgrade after which MQTT is spoken; `end` is the end without an answer; `none` is no answer at all
for as long as the request may still become whole. HOST in a request stands for the server's
address, PORT for its port. Every answer must be free of a `Server` header, versions and paths.
"""

from .rows import Row

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = {"Host": "HOST", "Upgrade": "websocket", "Connection": "Upgrade",
           "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Protocol": "mqtt"}


def lines(*headers):
    return "".join(f"{line}\r\n" for line in headers)


def upgrade(first="GET /mqtt HTTP/1.1", without=(), more=(), **changed):
    """The request of a good client, but for what is named. `more` are lines of their own."""
    changed = {name.replace("_", "-"): value for name, value in changed.items()}
    headers = {**UPGRADE, **changed}
    kept = [f"{name}: {value}" for name, value in headers.items() if name not in without]
    return f"{first}\r\n" + lines(*kept, *more) + "\r\n"


def plain(first="GET / HTTP/1.1", *headers, body="", host="HOST"):
    return f"{first}\r\n" + lines(*([f"Host: {host}"] if host else []), *headers) + "\r\n" + body


def methods():
    yield Row("GET of the page", "200", plain())
    yield Row("HEAD of the page", "200", plain("HEAD / HTTP/1.1"))
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        yield Row(f"{method} of the page", "405", plain(f"{method} / HTTP/1.1"))
        yield Row(f"an upgrade with {method}", "400", upgrade(f"{method} /mqtt HTTP/1.1"))
    yield Row("CONNECT to elsewhere", "400|403|404|405", plain("CONNECT evil.example:80 HTTP/1.1"))
    yield Row("CONNECT to here", "400|403|404|405", plain("CONNECT HOST HTTP/1.1"))
    for method in ("get", "Get", "GETS", "FOO", "PRI", "GE T", "G\0T", "\x80ET", ""):
        # What does not begin with a method's name is MQTT, and malformed.
        yield Row(f"the method {method!r}", "400|405|501|end", plain(f"{method} / HTTP/1.1"))
    yield Row("HTTP/2's preface", "end", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")


def versions():
    for version in ("HTTP/2.0", "HTTP/3.0", "HTTP/1.2", "HTTP/0.9", "HTTP/9.9"):
        yield Row(f"the page by {version}", "505|400", plain(f"GET / {version}"))
        yield Row(f"an upgrade by {version}", "505|400", upgrade(f"GET /mqtt {version}"))
    for version in ("HTTP/1", "HTTP/1.", "HTTP/11.1", "HTTP/1.10", "HTTP/-1.1", "HTTP/1.1x", "http/1.1",
                    "HTTP 1.1", "HTTPS/1.1", "FTP/1.1", "", "HTTP/1.1 HTTP/1.1", "HTTP/\u0661.1"):
        yield Row(f"the version {version!r}", "400|505", plain(f"GET / {version}"))
    yield Row("no version at all", "400|505", "GET /\r\n\r\n")
    yield Row("the page by HTTP/1.0", "200", plain("GET / HTTP/1.0"))


def targets():
    for path in ("/elsewhere", "/mqtt/", "/mqtt/x", "//mqtt", "/MQTT", "/mqtt%20", "/%6dqtt",
                 "/mqtt;x", "/mqtt%00", "/mqtt/../mqtt", "/./mqtt", "/../../etc/passwd",
                 "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/mqtt\\..\\..",
                 "http://HOST/mqtt", "http://evil.example/mqtt", "*", "mqtt", "/" + "a" * 4000):
        yield Row(f"an upgrade at {path[:40]}", "404|400", upgrade(f"GET {path} HTTP/1.1"))
        yield Row(f"a page at {path[:40]}", "404|400", plain(f"GET {path} HTTP/1.1"))
    yield Row("an upgrade with a query", "101", upgrade("GET /mqtt?x=1 HTTP/1.1"))
    yield Row("an upgrade with a path in its query", "101",
              upgrade("GET /mqtt?/../../etc/passwd HTTP/1.1"))
    for target in ("/ x", "/mqtt HTTP/1.1 x", "/\x01", "/\x7f", "/\x80\xff", "/\t", "/\0"):
        yield Row(f"the target {target!r}", "400|404|505", plain(f"GET {target} HTTP/1.1"))


def hosts():
    for host in ("evil.example", "evil.example:PORT", "localhost.evil.example",
                 "127.0.0.1.evil.example", "evil.example#localhost", "localhost@evil.example",
                 "evil.example:localhost", "127.0.0.2.nip.io", "localhost,evil.example",
                 "localhost evil.example", "[::1].evil.example", "0x7f000001", "2130706433", "0",
                 "192.0.2.1", "[2001:db8::1]:PORT", "localhost:1:2", "l\u00f6calhost", "%6cocalhost"):
        yield Row(f"a page of the host {host}", "403|400", plain(host=host))
        yield Row(f"an upgrade of the host {host}", "403|400", upgrade(Host=host))
    for host in ("localhost", "LocalHost:PORT", "[::1]:PORT", "127.0.0.1"):
        yield Row(f"an upgrade of the host {host}", "101", upgrade(Host=host))
    yield Row("a page of an empty host", "403|400", "GET / HTTP/1.1\r\nHost:\r\n\r\n")
    yield Row("a page of no host", "403|400", plain(host=""))
    yield Row("an upgrade of no host", "403|400", upgrade(without=("Host",)))
    for second in ("HOST", "evil.example"):
        yield Row(f"two hosts, the second {second}", "403|400", plain("GET / HTTP/1.1", f"Host: {second}"))
        yield Row(f"an upgrade of two hosts, the second {second}", "403|400",
                  upgrade(more=(f"Host: {second}",)))


def origins():
    yield Row("its own origin", "101", upgrade(Origin="http://HOST"))
    for origin in ("null", "", "http://evil.example", "http://HOST.evil.example", "HOST",
                   "http://evil.example/http://HOST", "http://evil.example:PORT", "http://HOST/",
                   "http://HOST@evil.example", "http://evil.example@HOST", "http://HOST#", "file://",
                   "http://HOST http://evil.example", "http://127.0.0.1", "http://localhost:PORT",
                   "http://[::1]:PORT", "data:text/html", "chrome-extension://abc", "http:/HOST",
                   "http://", "://", "http://HOST0", "http://0.0.0.0:PORT"):
        yield Row(f"the origin {origin!r}", "403", upgrade(Origin=origin))
        yield Row(f"a page of the origin {origin!r}", "403", plain("GET / HTTP/1.1", f"Origin: {origin}"))
    yield Row("two origins", "403|400", upgrade(Origin="http://HOST", more=("Origin: http://evil.example",)))
    yield Row("two origins that are its own", "403|400",
              upgrade(Origin="http://HOST", more=("Origin: http://HOST",)))
    yield Row("a foreign origin in small letters", "403", upgrade(more=("origin: http://evil.example",)))


def upgrade_headers():
    for name in ("Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol"):
        yield Row(f"an upgrade without {name}", "400", upgrade(without=(name,)))
    yield Row("no Upgrade and no key: a page", "404|200", upgrade(without=("Upgrade", "Sec-WebSocket-Key")))
    yield Row("an upgrade without its version", "426|400", upgrade(without=("Sec-WebSocket-Version",)))
    for version in ("12", "14", "8", "0", "", "013", "13.0", "13, 12", "13,", "-13", "1 3", "thirteen"):
        yield Row(f"the WebSocket version {version!r}", "426|400", upgrade(Sec_WebSocket_Version=version))
    for key in ("", "short", KEY[:-1], KEY + "=", KEY * 2, KEY[:-2], "=" * 24, "A" * 24, "A" * 23 + "=",
                "\u00e4" * 12, "AAAAAAAAAAAAAAAAAAAAA\x0b==", "dGhlIHNhbXBsZSBub25j!Q==",
                "dGhlIHNhbXBsZSBub25-ZQ==", "A" * 5000):
        yield Row(f"the key {key[:40]!r}", "400", upgrade(Sec_WebSocket_Key=key))
    yield Row("two keys", "400", upgrade(more=(f"Sec-WebSocket-Key: {KEY}",)))
    for value in ("", "web socket", "websockets", "h2c", "websocket/13", "web-socket", "x-websocket"):
        yield Row(f"Upgrade: {value!r}", "400", upgrade(Upgrade=value))
    for value in ("", "keep-alive", "close", "Upgraded", "Up-grade", "not Upgrade"):
        yield Row(f"Connection: {value!r}", "400", upgrade(Connection=value))
    yield Row("Upgrade and Connection among others", "101",
              upgrade(Upgrade="h2c, WebSocket", Connection="keep-alive, uPGRADE"))
    yield Row("extensions offered", "101", upgrade(more=("Sec-WebSocket-Extensions: permessage-deflate",)))


def sub_protocols():
    for value in ("", "chat", "mqtt5", "MQTTX", "mqtt/5", "mqttv3.11", "mqttv5", "m", "\"mqtt\"",
                  "mqtt chat", ",", ";mqtt", "\x01"):
        yield Row(f"the sub-protocol {value!r}", "400", upgrade(Sec_WebSocket_Protocol=value))
    for value in ("mqtt", "mqttv3.1", "chat, mqtt", "mqtt,mqtt", ",mqtt,", "mqttv3.1,chat"):
        yield Row(f"the sub-protocol {value!r}", "101", upgrade(Sec_WebSocket_Protocol=value))
    yield Row("sub-protocols in two lines", "101",
              upgrade(Sec_WebSocket_Protocol="chat", more=("Sec-WebSocket-Protocol: mqtt",)))


def broken_lines():
    for name, line in (("folded with a blank", "X: a\r\n b"), ("folded with a tab", "X: a\r\n\tb"),
                       ("no colon", "X"), ("no name", ": x"), ("a blank before the colon", "X : y"),
                       ("a NUL in the value", "X: a\0b"), ("a NUL in the name", "X\0: a"),
                       ("a bell", "X: \x07"), ("an escape", "X: \x1b[31m"), ("a delete", "X: \x7f"),
                       ("a bare CR", "X: a\rY: b"), ("a bare LF", "X: a\nY: b"),
                       ("a blank in the name", "X Y: a"), ("a bracket in the name", "X(: a"),
                       ("a letter beyond ASCII in the name", "\u00dc: a"), ("a form feed", "X: \x0c"),
                       ("a vertical tab", "X: \x0b")):
        yield Row(f"{name}: a page", "400", plain("GET / HTTP/1.1", line))
        yield Row(f"{name}: an upgrade", "400", upgrade(more=(line,)))
    yield Row("the first header is folded", "400", "GET / HTTP/1.1\r\n Host: HOST\r\n\r\n")
    yield Row("LF for CR LF", "400|none", "GET / HTTP/1.1\nHost: HOST\n\n")
    yield Row("LF for CR LF, but at the end", "400", "GET / HTTP/1.1\nHost: HOST\r\n\r\n")
    yield Row("CR alone", "400|none", "GET / HTTP/1.1\rHost: HOST\r\r")
    yield Row("an empty line first", "end", "\r\n" + plain())
    yield Row("a blank first", "end", " " + plain())


def sizes():
    filler = [f"X-{n}: y" for n in range(200)]
    yield Row("100 header lines", "431", plain("GET / HTTP/1.1", *filler[:100]))
    yield Row("an upgrade with 100 header lines", "431", upgrade(more=filler[:100]))
    yield Row("an upgrade with 65 header lines", "431", upgrade(more=filler[:59]))
    yield Row("an upgrade with 50 header lines", "101", upgrade(more=filler[:44]))
    for size in (16_384, 17_000, 100_000, 1_000_000):
        yield Row(f"a header of {size} bytes", "431", plain("GET / HTTP/1.1", "X: " + "y" * size))
        yield Row(f"a target of {size} bytes", "431|414|400", plain(f"GET /{'y' * size} HTTP/1.1"))
        yield Row(f"a header's name of {size} bytes", "431", plain("GET / HTTP/1.1", "y" * size + ": x"))
        yield Row(f"a method and {size} bytes without a line's end", "431|400", "GET " + "y" * size)
    yield Row("an upgrade with a header of 9000 bytes", "431", upgrade(more=["X: " + "y" * 9000]))
    yield Row("a header of 7000 bytes", "200", plain("GET / HTTP/1.1", "X: " + "y" * 7000))
    for size in (65_537, 1 << 20, 1 << 31, 1 << 32, (1 << 64) - 1):
        yield Row(f"a body that says {size} bytes", "413", plain("POST / HTTP/1.1", f"Content-Length: {size}"))


def smuggling():
    """Whatever a proxy in front may read in another way is refused. (RFC 9112 section 11.2)"""
    chunked, length = "Transfer-Encoding: chunked", "Content-Length: 5"
    inner = "GET /mqtt HTTP/1.1\r\nHost: HOST\r\n\r\n"
    yield Row("both lengths", "400", plain("POST / HTTP/1.1", length, chunked, body="0\r\n\r\n" + inner))
    yield Row("both lengths, the other way round", "400",
              plain("POST / HTTP/1.1", chunked, length, body="0\r\n\r\n" + inner))
    yield Row("an upgrade with both lengths", "400", upgrade(more=(length, chunked)))
    for value in ("chunked", "gzip, chunked", "identity", "xchunked", "chunked, identity", "Chunked",
                  "\"chunked\"", "chunked;x", ""):
        yield Row(f"Transfer-Encoding: {value!r}", "411|400|501",
                  plain("POST / HTTP/1.1", f"Transfer-Encoding: {value}", body="0\r\n\r\n"))
    yield Row("a blank behind Transfer-Encoding", "400",
              plain("POST / HTTP/1.1", "Transfer-Encoding : chunked", length, body="0\r\n\r\n"))
    for value in ("-1", "+5", "0x5", "5x", "5, 5", "5 5", "", " ", "5.0", "1e1", "\u0665",
                  "99999999999999999999999999", "18446744073709551621"):
        yield Row(f"Content-Length: {value!r}", "400|413",
                  plain("POST / HTTP/1.1", f"Content-Length: {value}", body="12345"))
    yield Row("two lengths that differ", "400",
              plain("POST / HTTP/1.1", length, "Content-Length: 6", body="123456"))
    yield Row("two lengths that are the same", "400", plain("POST / HTTP/1.1", length, length, body="12345"))
    yield Row("a second request behind the first", "200", plain() + inner)
    yield Row("a second request in the body", "405",
              plain("POST / HTTP/1.1", f"Content-Length: {len(inner)}", body=inner))
    yield Row("an upgrade with a body", "400", upgrade(more=(length,)) + "12345")
    yield Row("a body that does not come", "none", plain("POST / HTTP/1.1", length, body="1234"))
    yield Row("Expect: 100-continue", "none|417|405|100",
              plain("POST / HTTP/1.1", "Expect: 100-continue", length))


def claims():
    """Who says to come through a proxy is not on this machine; nothing else can be claimed."""
    for header in ("X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "X-Forwarded-For: evil",
                   "Forwarded: for=\"[::1]\"", "X-Forwarded-For:"):
        yield Row(header, "refused", upgrade(more=(header,)))
    for header in ("X-Real-IP: 127.0.0.1", "X-Original-URL: /x", "X-HTTP-Method-Override: POST",
                   "Via: 1.1 x", "Authorization: Basic YTpi", "Cookie: a=b", "Referer: http://evil.example/",
                   "Range: bytes=0-1", "Proxy: http://evil.example", "TE: trailers", "Trailer: X",
                   "Connection: close", "Keep-Alive: timeout=600"):
        yield Row(header, "101", upgrade(more=(header,)))


def rows():
    for family in (methods, versions, targets, hosts, origins, upgrade_headers, sub_protocols,
                   broken_lines, sizes, smuggling, claims):
        yield from family()
