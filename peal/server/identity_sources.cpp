#include "peal/server/identity_sources.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "peal/auth/http_hook.hpp"
#include "peal/auth/json_web_keys.hpp"
#include "peal/auth/jwt_source.hpp"
#include "peal/auth/key_refresh.hpp"
#include "peal/auth/password_source.hpp"
#include "peal/auth/transport_source.hpp"

namespace peal::server {

namespace {

using Link = auth::Sources::Link;

// --- lists of users ----------------------------------------------------------------------------

std::shared_ptr<const auth::UserList> users_of(const AuthSourceConfig& source,
                                               const SourceParts& parts) {
  if (source.type == "users") {
    return parts.accounts.users();
  }
  auto file = auth::PasswordFile::read(source.path);
  if (!file) {
    throw ConfigError(file.error());
  }
  return std::make_shared<auth::FileUsers>(std::move(*file));
}

Link add_list(auth::Sources& sources, const AuthSourceConfig& source, const SourceParts& parts) {
  const auto users = users_of(source, parts);
  sources.lists.push_back(users);
  // A name that nobody has costs what a password of somebody does. (Hashes that cost nothing are
  // for passwords that nobody chose.)
  if (auto any = users->any(); any != nullptr && any->kind() != auth::HashKind::sha512) {
    parts.passwords.use_decoy(std::move(any));
  }
  return {std::make_shared<auth::PasswordSource>(parts.passwords, users), false};
}

// --- what TLS proved -----------------------------------------------------------------------------

Link add_certificate(auth::Sources& /*sources*/, const AuthSourceConfig& source,
                     const SourceParts& /*parts*/) {
  constexpr std::array names{
      std::pair{std::string_view{}, auth::CertificateName::common_name},
      std::pair{std::string_view{"cn"}, auth::CertificateName::common_name},
      std::pair{std::string_view{"subject"}, auth::CertificateName::subject},
      std::pair{std::string_view{"san"}, auth::CertificateName::alternative_name}};
  const auto found = std::ranges::find(names, std::string_view(source.username),
                                       [](const auto& name) { return name.first; });
  if (found == names.end()) {
    throw ConfigError(source.place + "username must be \"cn\", \"subject\" or \"san\"");
  }
  return {std::make_shared<auth::CertificateSource>(found->second), false};
}

Link add_psk(auth::Sources& /*sources*/, const AuthSourceConfig& /*source*/,
             const SourceParts& /*parts*/) {
  return {std::make_shared<auth::PskSource>(), false};
}

// --- tokens --------------------------------------------------------------------------------------

/// Tokens whose keys are at a URL, and kept fresh.
class RefreshedTokens final : public auth::IdentitySource {
 public:
  RefreshedTokens(auth::JwtSource::Options options, auth::KeyRefreshOptions refresh,
                  broker::Log& log)
      : tokens_(std::move(options), log),
        refresh_(
            std::move(refresh), [this](const std::string& document) { return take(document); },
            log) {}

  [[nodiscard]] std::optional<auth::Finding> identify(
      const std::shared_ptr<const auth::Credentials>& who, GivenUp is_given_up,
      Done done) override {
    auto finding = tokens_.identify(who, std::move(is_given_up), std::move(done));
    if (finding && finding->verdict == auth::Verdict::refused) {
      refresh_.want();  // it may be signed with a key that is new; asked for now and then at most
    }
    return finding;
  }

  void wait_for_keys(std::chrono::milliseconds limit, broker::Log& log) {
    if (const auto first = refresh_.first(limit); !first) {
      log.write({.level = broker::LogLevel::warning,
                 .what = "tokens are refused until their keys are there",
                 .client_id = {},
                 .address = {},
                 .reason = "auth.source jwks",
                 .detail = first.error()});
    }
  }

 private:
  std::string take(const std::string& document) {
    auto keys = auth::JsonWebKeys::parse(document);
    if (!keys) {
      return keys.error();
    }
    tokens_.use(std::make_shared<const auth::JsonWebKeys>(std::move(*keys)));
    return {};
  }

  auth::JwtSource tokens_;
  auth::KeyRefresh refresh_;  // uses the tokens: goes first
};

Link add_tokens(auth::Sources& /*sources*/, const AuthSourceConfig& source,
                const SourceParts& parts) {
  auth::JwtSource::Options options;
  options.must_match_user_name = source.match_username;
  options.token.issuer = source.issuer;
  options.token.audience = source.audience;
  if (!source.username.empty()) {
    const auto claim = auth::user_claim_of(source.username);
    if (!claim) {
      throw ConfigError(source.place + "username: " + claim.error());
    }
    options.token.user_claim = *claim;
  }
  if (source.jwks.starts_with("http://") || source.jwks.starts_with("https://")) {
    auth::KeyRefreshOptions refresh{.url = source.jwks,
                                    .is_plain_allowed = source.insecure,
                                    .headers = source.headers,
                                    .ca_file = source.ca,
                                    .timeout = source.timeout,
                                    .interval = source.refresh};
    if (const std::string problem = auth::problem_of(refresh); !problem.empty()) {
      throw ConfigError(source.place + problem);
    }
    auto tokens = std::make_shared<RefreshedTokens>(options, std::move(refresh), parts.log);
    tokens->wait_for_keys(source.timeout, parts.log);
    return {std::move(tokens), false};
  }
  auto keys = auth::JsonWebKeys::read(source.jwks);
  if (!keys) {
    throw ConfigError(source.place + keys.error());
  }
  auto tokens = std::make_shared<auth::JwtSource>(options, parts.log);
  tokens->use(std::make_shared<const auth::JsonWebKeys>(std::move(*keys)));
  return {std::move(tokens), false};
}

// --- a service -----------------------------------------------------------------------------------

Link add_hook(auth::Sources& /*sources*/, const AuthSourceConfig& source,
              const SourceParts& parts) {
  auth::HttpHookOptions options;
  options.url = source.url;
  options.is_plain_allowed = source.insecure;
  options.headers = source.headers;
  options.ca_file = source.ca;
  options.timeout = source.timeout;
  options.on_failure =
      source.on_failure == "ignore" ? auth::OnFailure::ignore : auth::OnFailure::deny;
  options.accepted_for = source.cache;
  if (const std::string problem = auth::problem_of(options); !problem.empty()) {
    throw ConfigError(source.place + problem);
  }
  return {std::make_shared<auth::HttpHook>(std::move(options), parts.log), true};
}

struct Maker {
  std::string_view type;
  Link (*make)(auth::Sources& sources, const AuthSourceConfig& source, const SourceParts& parts);
};

constexpr std::array makers{
    Maker{"users", add_list}, Maker{"file", add_list},  Maker{"certificate", add_certificate},
    Maker{"psk", add_psk},    Maker{"jwt", add_tokens}, Maker{"http", add_hook},
};

}  // namespace

std::shared_ptr<const auth::Sources> read_sources(const AuthConfig& config,
                                                  const SourceParts& parts) {
  auto sources = std::make_shared<auth::Sources>();
  for (const AuthSourceConfig& source : config.sources) {
    const auto maker = std::ranges::find(makers, std::string_view(source.type), &Maker::type);
    if (maker == makers.end()) {
      throw ConfigError(source.place + "no such type: " + source.type);
    }
    sources->links.push_back(maker->make(*sources, source, parts));
  }
  sources->is_open = !config.has_users();
  return sources;
}

}  // namespace peal::server
