#include "peal/cli/passwd.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "peal/auth/password_file.hpp"
#include "peal/auth/password_hash.hpp"
#include "peal/cli/passwd_file.hpp"
#include "peal/cli/passwd_prompt.hpp"

namespace peal::cli {

namespace {

constexpr int usage_exit_code = 2;

constexpr std::array hash_names{
    std::pair{std::string_view{"argon2id"}, auth::HashKind::argon2id},
    std::pair{std::string_view{"sha512-pbkdf2"}, auth::HashKind::pbkdf2_sha512},
    std::pair{std::string_view{"sha512"}, auth::HashKind::sha512},
    std::pair{std::string_view{"scram-sha-256"}, auth::HashKind::scram_sha256},
};

constexpr const char* footer =
    "Without -b the password is asked for twice, or, when the standard input is not a terminal,\n"
    "read from it: one line.\n\n"
    "Mosquitto 2.0 reads hashes of -H sha512-pbkdf2, not argon2id nor scram-sha-256. A running\n"
    "server keeps what it has read until it reads the file again.\n\n"
    "Examples: peal passwd -c users alice\n"
    "          peal passwd -D users alice";

struct PasswdOptions {
  std::string hash{hash_names.front().first};
  bool create = false;
  bool remove = false;
  bool batch = false;
  bool upgrade = false;
  std::string file;
  std::string user;
  std::string password;

  [[nodiscard]] auth::HashKind kind() const {
    for (const auto& [name, kind] : hash_names) {
      if (name == hash) {
        return kind;
      }
    }
    return hash_names.front().second;
  }
};

void declare(CLI::App& app, PasswdOptions& options) {
  app.footer(footer);
  app.add_option("-H,--hash", options.hash,
                 "argon2id, sha512-pbkdf2, sha512 (weak), or scram-sha-256: for clients that "
                 "prove their password without sending it, and those that send it")
      ->capture_default_str()
      ->check(CLI::IsMember({"argon2id", "sha512-pbkdf2", "sha512", "scram-sha-256"}));
  CLI::Option* create = app.add_flag("-c", options.create, "make a new file, or replace FILE");
  CLI::Option* remove = app.add_flag("-D", options.remove, "delete USER");
  CLI::Option* batch =
      app.add_flag("-b", options.batch,
                   "take PASSWORD from the command line, which other users of this machine see");
  CLI::Option* upgrade = app.add_flag(
      "-U", options.upgrade, "make hashes of the plain text passwords in FILE (USER:PASSWORD)");
  app.add_option("FILE", options.file, "the password file")->required();
  CLI::Option* user = app.add_option("USER", options.user, "whose password is set");
  CLI::Option* password = app.add_option("PASSWORD", options.password, "with -b only");
  create->excludes(remove);
  batch->excludes(remove)->needs(password);
  password->needs(batch);
  upgrade->excludes(create)->excludes(remove)->excludes(batch)->excludes(user);
}

/// What the command line says; an exit code instead when it is already all.
std::optional<int> parse_options(int argc, char** argv, PasswdOptions& options) {
  CLI::App app("Make and change the file that holds users and the hashes of their passwords.",
               "peal passwd");
  declare(app, options);
  try {
    app.parse(argc, argv);
    if (!options.upgrade && app.count("USER") == 0) {
      throw CLI::RequiredError("USER");
    }
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : usage_exit_code;
  }
  return std::nullopt;
}

void require_user_name(const std::string& user) {
  if (const std::string_view problem = auth::user_name_problem(user); !problem.empty()) {
    throw std::runtime_error(fmt::format("{}; choose another one", problem));
  }
}

std::string hash_of(const PasswdOptions& options) {
  const std::string password = options.batch ? options.password : ask_password(options.user);
  if (password.empty()) {
    throw std::runtime_error("the password is empty; choose one that has characters");
  }
  if (password.size() > auth::max_password_bytes) {
    throw std::runtime_error(fmt::format(
        "the password is longer than {} bytes, and MQTT knows none that is; choose a shorter one",
        auth::max_password_bytes));
  }
  if (options.kind() == auth::HashKind::scram_sha256 && password.find('\0') != std::string::npos) {
    throw std::runtime_error(
        "the password has a NUL in it, which SCRAM forbids; choose another one");
  }
  return auth::hash_password(as_bytes(password), options.kind());
}

void set_password(const PasswdOptions& options) {
  require_user_name(options.user);
  const auto start = options.create ? PasswdFile::Start::empty : PasswdFile::Start::existing;
  // Before somebody types a password in vain.
  PasswdFile::require(options.file, start);
  const std::string hash = hash_of(options);
  PasswdFile file(options.file, start);
  file.set(options.user, hash);
  file.save();
}

void delete_user(const PasswdOptions& options) {
  PasswdFile file(options.file, PasswdFile::Start::existing);
  if (!file.remove(options.user)) {
    throw std::runtime_error(
        fmt::format("{}: there is no user '{}'; nothing was changed", options.file, options.user));
  }
  file.save();
}

void upgrade(const PasswdOptions& options) {
  PasswdFile file(options.file, PasswdFile::Start::existing);
  const std::size_t count = file.hash_plain_text(options.kind());
  if (count > 0) {
    file.save();
  }
  fmt::print("{} of plain text made hashes of\n",
             count == 1 ? "1 password" : fmt::format("{} passwords", count));
}

}  // namespace

int passwd_main(int argc, char** argv) {
  PasswdOptions options;
  if (const auto code = parse_options(argc, argv, options)) {
    return *code;
  }
  if (options.upgrade) {
    upgrade(options);
  } else if (options.remove) {
    delete_user(options);
  } else {
    set_password(options);
  }
  return 0;
}

}  // namespace peal::cli
