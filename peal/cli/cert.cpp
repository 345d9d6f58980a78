#include "peal/cli/cert.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <expected>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "peal/cli/json_writer.hpp"
#include "peal/cli/new_file.hpp"
#include "peal/net/certificate_authority.hpp"
#include "peal/server/config.hpp"
#include "peal/store/directory.hpp"

namespace peal::cli {

namespace {

using net::CertificateAuthority;
using net::IssuedCertificate;
using Time = CertificateAuthority::Time;

struct CertOptions {
  std::string config;
  std::string data;
  bool is_json = false;
  std::string name;  // or a serial number
  int days = static_cast<int>(CertificateAuthority::client_days.count());
  std::string out;  // what the files' names begin with; "-": standard output
  bool is_pem = false;
};

template <typename T>
T or_throw(std::expected<T, std::string> result) {
  if (!result) {
    throw std::runtime_error(result.error());
  }
  return std::move(*result);
}

/// Where the authority is, and what else the server's configuration says about it.
struct Place {
  std::string store;
  CertificateAuthority::Options options;
};

Place place_of(const CertOptions& options) {
  Place place;
  if (!options.config.empty()) {
    server::ConfigSources sources;
    sources.file = options.config;
    const server::Config config = server::load_config(sources);
    place.store = config.store.dir.value_or(server::default_state_directory());
    for (const server::ListenerConfig& listener : config.listeners) {
      if (listener.tls) {
        std::ranges::copy(listener.tls->names, std::back_inserter(place.options.server_names));
      }
    }
  }
  if (!options.data.empty()) {
    place.store = options.data;
  }
  if (place.store.empty()) {
    if (!options.config.empty()) {
      throw std::runtime_error(
          options.config + " keeps everything in memory (store.dir); there are no certificates");
    }
    place.store = server::default_state_directory();
  }
  return place;
}

CertificateAuthority open(const CertOptions& options) {
  Place place = place_of(options);
  return or_throw(CertificateAuthority::open(server::authority_directory(place.store),
                                             std::move(place.options)));
}

std::string date_of(Time time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string state_of(const IssuedCertificate& each, Time now) {
  return each.revoked       ? "revoked " + date_of(*each.revoked)
         : each.ends <= now ? std::string("ended")
                            : std::string("good");
}

void add_time(JsonWriter& json, std::string_view key, Time time) {
  json.key(key);
  json.string(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                          fmt::gmtime(std::chrono::system_clock::to_time_t(time))));
}

void add_text(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.string(value);
}

/// The members of one certificate; the object stays open.
void begin_json(JsonWriter& json, const IssuedCertificate& each) {
  json.begin_object();
  add_text(json, "name", each.name);
  add_text(json, "kind", each.is_server ? "server" : "client");
  add_text(json, "serial", each.serial);
  json.key("alternative_names");
  json.begin_array();
  for (const std::string& name : each.alternative_names) {
    json.string(name);
  }
  json.end_array();
  add_time(json, "begins", each.begins);
  add_time(json, "ends", each.ends);
  if (each.revoked) {
    add_time(json, "revoked", *each.revoked);
  }
}

void print_json(const std::vector<IssuedCertificate>& all) {
  JsonWriter json(false);
  json.begin_array();
  for (const IssuedCertificate& each : all) {
    begin_json(json, each);
    json.end_object();
  }
  json.end_array();
  fmt::print("{}\n", json.text());
}

void print_table(const std::vector<IssuedCertificate>& all) {
  std::size_t width = 4;
  for (const IssuedCertificate& each : all) {
    width = std::max(width, each.name.size());
  }
  const Time now = std::chrono::system_clock::now();
  fmt::print("{:<{}}  {:<6}  {:<32}  {:<10}  {}\n", "NAME", width, "KIND", "SERIAL", "ENDS",
             "STATE");
  for (const IssuedCertificate& each : all) {
    fmt::print("{:<{}}  {:<6}  {:<32}  {:<10}  {}\n", each.name, width,
               each.is_server ? "server" : "client", each.serial, date_of(each.ends),
               state_of(each, now));
  }
}

void print(const CertOptions& options, const std::vector<IssuedCertificate>& all) {
  options.is_json ? print_json(all) : print_table(all);
}

int list_certificates(const CertOptions& options) {
  print(options, or_throw(open(options).list()));
  return 0;
}

int show_authority(const CertOptions& options) {
  const net::AuthorityCertificate own = or_throw(open(options).certificate());
  if (options.is_pem) {
    fmt::print("{}", own.pem);
    return 0;
  }
  if (options.is_json) {
    JsonWriter json(false);
    json.begin_object();
    add_text(json, "file", own.file);
    add_text(json, "name", own.name);
    add_text(json, "sha256", own.fingerprint);
    add_time(json, "ends", own.ends);
    json.end_object();
    fmt::print("{}\n", json.text());
    return 0;
  }
  fmt::print("file      {}\nname      {}\nSHA-256   {}\nends      {}\n", own.file, own.name,
             own.fingerprint, date_of(own.ends));
  return 0;
}

/// Whether a file may be called so without a second thought.
bool is_plain_name(std::string_view name) {
  return !name.starts_with('.') && !name.starts_with('-') && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == '@';
  });
}

void print_issued(const CertOptions& options, const CertificateAuthority& authority,
                  const net::ClientCredentials& made, const std::string& stem) {
  if (options.is_json) {
    JsonWriter json(false);
    begin_json(json, made.issued);
    if (stem.empty()) {
      add_text(json, "certificate_pem", made.certificate);
      add_text(json, "key_pem", made.key);
    } else {
      add_text(json, "certificate", stem + ".crt");
      add_text(json, "key", stem + ".key");
    }
    add_text(json, "ca", authority.certificate_file());
    json.end_object();
    fmt::print("{}\n", json.text());
  } else if (stem.empty()) {
    fmt::print("{}{}", made.certificate, made.key);
  } else {
    fmt::print(
        "issued    {0} until {1}, serial {2}\n"
        "          {3}.crt, and its key, which is kept nowhere else: {3}.key\n"
        "try       peal pub -h localhost -p 8883 --cafile {4} --cert {3}.crt --key {3}.key "
        "-t hello/world -m 'it rings'\n",
        made.issued.name, date_of(made.issued.ends), made.issued.serial, stem,
        authority.certificate_file());
  }
}

int issue(const CertOptions& options) {
  const bool is_to_file = options.out != "-";
  const std::string stem = !is_to_file ? "" : options.out.empty() ? options.name : options.out;
  if (is_to_file && options.out.empty() && !is_plain_name(options.name)) {
    throw std::runtime_error("'" + options.name +
                             "' makes no good file name; say --out STEM for STEM.crt and STEM.key");
  }
  Place place = place_of(options);
  store::prepare_directory(place.store);  // a server that starts later takes it for its own
  const CertificateAuthority authority = or_throw(CertificateAuthority::open_or_make(
      server::authority_directory(place.store), std::move(place.options)));
  if (!is_to_file) {
    print_issued(options, authority,
                 or_throw(authority.issue_client(options.name, std::chrono::days(options.days))),
                 stem);
    return 0;
  }
  NewFile certificate(stem + ".crt");
  NewFile key(stem + ".key");
  const net::ClientCredentials made =
      or_throw(authority.issue_client(options.name, std::chrono::days(options.days)));
  key.write(made.key);
  certificate.write(made.certificate);
  print_issued(options, authority, made, stem);
  return 0;
}

int renew(const CertOptions& options) {
  print(options, {or_throw(open(options).renew_server())});
  return 0;
}

int revoke(const CertOptions& options) {
  print(options, or_throw(open(options).revoke(options.name)));
  return 0;
}

struct Action {
  const char* name;
  const char* description;
  int (*run)(const CertOptions& options);
};
constexpr std::array actions{
    Action{"list", "every certificate that was issued", list_certificates},
    Action{"ca", "the authority's own certificate: file and fingerprint", show_authority},
    Action{"issue", "a certificate and key for a client", issue},
    Action{"renew", "a new certificate of the server, for the key it has", renew},
    Action{"revoke", "a client's certificates, or one by its serial number", revoke},
};

void declare_own(CLI::App& command, const Action& action, CertOptions& options) {
  if (action.run == issue) {
    command.add_option("NAME", options.name, "the client, as rules and logs will call it")
        ->required();
    command.add_option("--days", options.days, "how long it holds")
        ->capture_default_str()
        ->check(CLI::Range(1, static_cast<int>(CertificateAuthority::client_days_limit.count())));
    command.add_option("-o,--out", options.out,
                       "STEM: into STEM.crt and STEM.key (default: NAME); '-' prints both");
  } else if (action.run == revoke) {
    command.add_option("NAME", options.name, "the client's name, or a serial number")->required();
  } else if (action.run == show_authority) {
    command.add_flag("--pem", options.is_pem, "print the certificate, for clients to believe in");
  }
}

}  // namespace

int cert_main(int argc, char** argv) {
  CLI::App app(
      "Look after the server's own certificates (tls = \"auto\"). A running server takes over what "
      "changes within seconds.",
      "peal cert");
  app.require_subcommand(1);
  CertOptions options;
  const Action* chosen = &actions.front();  // one of them is required
  for (const Action& action : actions) {
    CLI::App* command = app.add_subcommand(action.name, action.description);
    command->callback([&chosen, &action] { chosen = &action; });
    command->add_option("-c,--config", options.config, "the server's configuration file (TOML)");
    command->add_option("--data", options.data, "where the server keeps state");
    command->add_flag("--json", options.is_json, "for programs");
    declare_own(*command, action, options);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem);
  }
  return chosen->run(options);
}

}  // namespace peal::cli
