// The one program `peal`: a table of sub-commands.
#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>

#include "peal/base/nearest.hpp"
#include "peal/cli/acl.hpp"
#include "peal/cli/ban.hpp"
#include "peal/cli/bench.hpp"
#include "peal/cli/cert.hpp"
#include "peal/cli/config.hpp"
#include "peal/cli/device.hpp"
#include "peal/cli/explain.hpp"
#include "peal/cli/passwd.hpp"
#include "peal/cli/pub.hpp"
#include "peal/cli/role.hpp"
#include "peal/cli/rr.hpp"
#include "peal/cli/scan.hpp"
#include "peal/cli/serve.hpp"
#include "peal/cli/store.hpp"
#include "peal/cli/sub.hpp"
#include "peal/cli/user.hpp"
#include "peal/cli/version.hpp"

namespace peal::cli {
namespace {

int help_main(int argc, char** argv);
int version_main(int argc, char** argv);

struct Command {
  std::string_view name;
  std::string_view description;
  int (*run)(int argc, char** argv);
};

constexpr std::array commands{
    Command{"serve", "run an MQTT server", serve_main},
    Command{"pub", "publish messages (mosquitto_pub's options)", pub_main},
    Command{"sub", "subscribe and print messages (mosquitto_sub's options)", sub_main},
    Command{"rr", "send a request and wait for the response (mosquitto_rr's options)", rr_main},
    Command{"bench", "put load on a broker and measure it", bench_main},
    Command{"scan", "tell what a stranger learns of a broker, and what to do about it", scan_main},
    Command{"user", "make, change and remove users", user_main},
    Command{"role", "say what users may do", role_main},
    Command{"device", "make a user for a device, and print what the device needs", device_main},
    Command{"ban", "keep an address, a client or a user out", ban_main},
    Command{"explain", "tell why a client is refused, dropped or silent", explain_main},
    Command{"acl", "ask what the rules say", acl_main},
    Command{"config", "check, explain, compare and apply the configuration", config_main},
    Command{"cert", "certificates of the server's own authority (tls = \"auto\")", cert_main},
    Command{"passwd", "make and change a password file (mosquitto_passwd's options)", passwd_main},
    Command{"store", "look a store through, or repair it", store_main},
    Command{"version", "print the version", version_main},
    Command{"help", "print this list, or the help of one command", help_main},
};

const Command* find_command(std::string_view name) {
  for (const Command& command : commands) {
    if (command.name == name) {
      return &command;
    }
  }
  return nullptr;
}

int unknown_command(std::string_view name) {
  std::array<std::string_view, commands.size()> names;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    names[i] = commands[i].name;
  }
  std::fprintf(stderr, "peal: there is no command '%.*s'.", static_cast<int>(name.size()),
               name.data());
  if (const std::string_view near = nearest(name, names); !near.empty()) {
    std::fprintf(stderr, " Did you mean '%.*s'?", static_cast<int>(near.size()), near.data());
  }
  std::fputs("\n`peal help` lists all commands.\n", stderr);
  return 1;
}

void print_commands(std::FILE* out) {
  std::fprintf(out,
               "peal %.*s: an MQTT platform in one program.\n\nUsage: peal COMMAND [OPTIONS]\n\n",
               static_cast<int>(program_version.size()), program_version.data());
  for (const Command& command : commands) {
    std::fprintf(out, "  %-9.*s %.*s\n", static_cast<int>(command.name.size()), command.name.data(),
                 static_cast<int>(command.description.size()), command.description.data());
  }
  std::fputs("\n`peal COMMAND --help` explains a command's options.\n", out);
}

int help_main(int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') {
    print_commands(stdout);
    return 0;
  }
  const Command* command = find_command(argv[1]);
  if (command == nullptr) {
    return unknown_command(argv[1]);
  }
  if (command->run == help_main) {
    print_commands(stdout);
    return 0;
  }
  char help[] = "--help";
  std::array<char*, 3> arguments{argv[1], help, nullptr};
  return command->run(2, arguments.data());
}

int version_main(int /*argc*/, char** /*argv*/) {
  std::printf("peal %.*s\n", static_cast<int>(program_version.size()), program_version.data());
  return 0;
}

int run(int argc, char** argv) {
  if (argc < 2) {
    print_commands(stderr);
    return 1;
  }
  const std::string_view word = argv[1];
  if (word == "--help" || word == "-h") {
    print_commands(stdout);
    return 0;
  }
  if (word == "--version") {
    return version_main(argc - 1, argv + 1);
  }
  const Command* command = find_command(word);
  return command == nullptr ? unknown_command(word) : command->run(argc - 1, argv + 1);
}

}  // namespace
}  // namespace peal::cli

int main(int argc, char** argv) {
  try {
    return peal::cli::run(argc, argv);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "peal: %s\n", problem.what());
    return 1;
  }
}
