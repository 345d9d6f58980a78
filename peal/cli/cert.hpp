// `peal cert`: the server's own certificate authority, which tls = "auto" makes. Works on its files
// directly; a running server sees by itself what changed.
#pragma once

namespace peal::cli {

int cert_main(int argc, char** argv);

}  // namespace peal::cli
