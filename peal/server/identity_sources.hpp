// Where who a client is comes from, as the configuration says it: files and keys are read here.
#pragma once

#include <memory>

#include "peal/auth/login_desk.hpp"
#include "peal/server/accounts.hpp"
#include "peal/server/config.hpp"

namespace peal::server {

/// What sources of identity are made with; outlives them.
struct SourceParts {
  auth::Passwords& passwords;
  const Accounts& accounts;
  broker::Log& log;
};

/// Where who a client is comes from. Keys at a URL are waited for, for a few seconds: where they do
/// not come, tokens are refused until they do.
/// errors   ConfigError: with file and line.
[[nodiscard]] std::shared_ptr<const auth::Sources> read_sources(const AuthConfig& config,
                                                                const SourceParts& parts);

}  // namespace peal::server
