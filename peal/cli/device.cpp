#include "peal/cli/device.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "peal/auth/password_hash.hpp"
#include "peal/cli/control_client.hpp"
#include "peal/cli/device_sheet.hpp"

namespace peal::cli {

namespace {

namespace json = boost::json;

struct DeviceOptions {
  ServerPlace place;
  DeviceSheet sheet;
  std::vector<std::string> roles;
  bool has_certificate = false;
  bool has_no_code = false;
  bool as_json = false;
};

/// Devices without a role would be let in and could do nothing.
void make_default_role(const DeviceOptions& options) {
  const json::object answer = ask(options.place, {{"command", "role.list"}});
  for (const json::object& role : objects_in(answer, "roles")) {
    if (text_in(role, "name") == default_device_role) {
      return;
    }
  }
  (void)ask(options.place, {{"command", "role.put"},
                            {"name", default_device_role},
                            {"rules", json::array{"allow all devices/%u/#"}}});
  fmt::print(stderr, "note      made the role \"{}\": allow all devices/%u/#\n",
             default_device_role);
}

int add_device(const DeviceOptions& asked) {
  DeviceOptions options = asked;
  DeviceSheet& sheet = options.sheet;
  fill_from_store(sheet, options.place.directory(), options.has_certificate);
  if (options.roles.empty()) {
    make_default_role(options);
    options.roles.emplace_back(default_device_role);
  }
  sheet.password = make_device_password();
  // Nobody guesses 144 random bits, however cheap a guess is; so a hundred thousand devices that
  // come back at once are let in at once.
  const json::object answer =
      ask(options.place,
          {{"command", "user.add"},
           {"name", sheet.name},
           {"device", true},
           {"roles", json_list(options.roles)},
           {"password", auth::hash_password(as_bytes(sheet.password), auth::HashKind::sha512)}});
  fmt::print("{}", options.as_json ? sheet_as_json(sheet) : sheet_for_people(sheet));
  if (!options.as_json && !options.has_no_code) {
    fmt::print("{}", code_of(sheet));
  }
  print_notes(answer);
  return 0;
}

}  // namespace

int device_main(int argc, char** argv) {
  CLI::App app("Devices: users with a password of their own making.", "peal device");
  app.footer("What it prints is shown once; the server keeps a hash of the password only.");
  app.require_subcommand(1);
  DeviceOptions options;
  CLI::App* add = app.add_subcommand("add", "make a device, and print what it needs");
  options.place.declare(*add);
  add->add_option("NAME", options.sheet.name, "the device: its user name")->required();
  add->add_option("-r,--role", options.roles,
                  "a role it has (default: device, which allows devices/NAME/#)");
  add->add_option("--host", options.sheet.host, "how the device reaches this server")
      ->capture_default_str();
  add->add_option("--port", options.sheet.port, "and where (default: 8883 with TLS, else 1883)");
  add->add_flag("--cert", options.has_certificate,
                "a client certificate of the server's own authority, too (tls = \"auto\")");
  add->add_flag("--no-qr", options.has_no_code, "without the QR code");
  add->add_flag("--json", options.as_json, "for programs");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  }
  return add_device(options);
}

}  // namespace peal::cli
