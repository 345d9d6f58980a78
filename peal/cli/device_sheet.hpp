// What a device needs to reach its server, for people, for an Arduino, for a telephone's camera and
// for programs. Shown once: nobody keeps the password.
#pragma once

#include <string>
#include <string_view>

namespace peal::cli {

inline constexpr const char* default_device_role = "device";

struct DeviceSheet {
  std::string name;
  std::string password;
  std::string host;         // empty: the name of this machine
  unsigned port = 0;        // 0: the usual one
  std::string ca;           // PEM, of the server's own authority; empty: no TLS of ours
  std::string ca_file;      // where it is
  std::string certificate;  // PEM, with --cert
  std::string key;
};

/// 144 random bits in 24 letters that no shell and no program text takes for anything else.
[[nodiscard]] std::string make_device_password();

/// What the server's directory has for it: its authority, and with `has_certificate` one for it.
/// errors   std::runtime_error: there is no authority to make one.
void fill_from_store(DeviceSheet& sheet, const std::string& directory, bool has_certificate);

/// A header for Arduino, and lines to paste.
[[nodiscard]] std::string sheet_for_people(const DeviceSheet& sheet);
[[nodiscard]] std::string sheet_as_json(const DeviceSheet& sheet);
/// "mqtts://NAME:PASSWORD@HOST:PORT" as a QR code of block letters.
[[nodiscard]] std::string code_of(const DeviceSheet& sheet);

/// The same as a text; what a URI does not have is percent-encoded.
[[nodiscard]] std::string uri_of(const DeviceSheet& sheet);

}  // namespace peal::cli
