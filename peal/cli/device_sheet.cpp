#include "peal/cli/device_sheet.hpp"

#include <array>
#include <cctype>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <qrencode.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "peal/auth/random_text.hpp"
#include "peal/cli/json_writer.hpp"
#include "peal/net/certificate_authority.hpp"

namespace peal::cli {

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                          std::string_view("-._~").find(c) != std::string_view::npos;
    encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

/// As a C string literal has it.
std::string in_quotes(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted + "\"";
}

std::string pem_constant(std::string_view name, std::string_view pem) {
  return pem.empty() ? "" : fmt::format("static const char {}[] = R\"PEM(\n{})PEM\";\n", name, pem);
}

std::string in_shell(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

std::string header_of(const DeviceSheet& sheet) {
  return fmt::format(
             "#define MQTT_HOST {}\n#define MQTT_PORT {}\n#define MQTT_USER {}\n"
             "#define MQTT_PASSWORD {}\n#define MQTT_TOPIC {}\n",
             in_quotes(sheet.host), sheet.port, in_quotes(sheet.name), in_quotes(sheet.password),
             in_quotes("devices/" + sheet.name)) +
         pem_constant("MQTT_CA", sheet.ca) + pem_constant("MQTT_CERTIFICATE", sheet.certificate) +
         pem_constant("MQTT_KEY", sheet.key);
}

std::string publish_line(const DeviceSheet& sheet) {
  return fmt::format("mosquitto_pub -h {} -p {}{} -u {} -P {} -t {} -m hello", in_shell(sheet.host),
                     sheet.port, sheet.ca.empty() ? "" : " --cafile " + in_shell(sheet.ca_file),
                     in_shell(sheet.name), in_shell(sheet.password),
                     in_shell("devices/" + sheet.name + "/hello"));
}

}  // namespace

std::string make_device_password() {
  constexpr std::size_t letters = 24;  // of 6 bits
  return auth::random_text(letters);
}

void fill_from_store(DeviceSheet& sheet, const std::string& directory, bool has_certificate) {
  constexpr unsigned plain_port = 1883;
  constexpr unsigned tls_port = 8883;
  const std::string authority_directory = directory + "/tls";
  if (std::filesystem::exists(authority_directory + "/ca.crt")) {
    const auto authority = net::CertificateAuthority::open(authority_directory, {});
    const auto own = authority ? authority->certificate() : std::unexpected(authority.error());
    if (!own) {
      throw std::runtime_error(own.error());
    }
    sheet.ca = own->pem;
    sheet.ca_file = own->file;
    if (has_certificate) {
      const auto issued = authority->issue_client(sheet.name);
      if (!issued) {
        throw std::runtime_error(issued.error());
      }
      sheet.certificate = issued->certificate;
      sheet.key = issued->key;
    }
  } else if (has_certificate) {
    throw std::runtime_error(
        "the server has no authority of its own: write tls = \"auto\" in a [[listener]] and start "
        "it once");
  }
  if (sheet.host.empty()) {
    sheet.host = host_name();
  }
  if (sheet.port == 0) {
    sheet.port = sheet.ca.empty() ? plain_port : tls_port;
  }
}

std::string sheet_for_people(const DeviceSheet& sheet) {
  return fmt::format(
      "device    {}\npassword  {}   (shown once)\n\n"
      "For an Arduino, as secrets.h:\n\n{}\n"
      "From a shell:\n\n{}\n\n",
      sheet.name, sheet.password, header_of(sheet), publish_line(sheet));
}

std::string uri_of(const DeviceSheet& sheet) {
  return fmt::format("{}://{}:{}@{}:{}", sheet.ca.empty() ? "mqtt" : "mqtts",
                     percent_encoded(sheet.name), percent_encoded(sheet.password), sheet.host,
                     sheet.port);
}

std::string sheet_as_json(const DeviceSheet& sheet) {
  JsonWriter json(false);
  json.begin_object();
  const auto member = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) {
      json.key(name);
      json.string(value);
    }
  };
  member("name", sheet.name);
  member("password", sheet.password);
  member("host", sheet.host);
  json.key("port");
  json.number(sheet.port);
  member("uri", uri_of(sheet));
  member("ca", sheet.ca);
  member("certificate", sheet.certificate);
  member("key", sheet.key);
  json.end_object();
  return json.text() + "\n";
}

/// Two rows of it in one line of text, dark on light whatever the terminal's colours are.
std::string code_of(const DeviceSheet& sheet) {
  constexpr int margin = 2;
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString8bit(uri_of(sheet).c_str(), 0, QR_ECLEVEL_L), &QRcode_free);
  if (code == nullptr) {
    return "";  // longer than such a code can be
  }
  const auto is_dark = [&](int row, int column) {
    const bool is_inside = row >= 0 && column >= 0 && row < code->width && column < code->width;
    return is_inside && (code->data[row * code->width + column] & 1) != 0;
  };
  std::string text;
  for (int row = -margin; row < code->width + margin; row += 2) {
    text += "\033[30;107m";
    for (int column = -margin; column < code->width + margin; ++column) {
      const bool upper = is_dark(row, column);
      const bool lower = is_dark(row + 1, column);
      text += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    text += "\033[0m\n";
  }
  return text + "\n";
}

}  // namespace peal::cli
