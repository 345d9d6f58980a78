// `peal serve`: a running node, wired by hand.
#pragma once

namespace peal::cli {

/// Runs a server until it is told to stop.    returns   the program's exit code.
/// `argv`   begins with the word "serve"; what follows are its options.
[[nodiscard]] int serve_main(int argc, char** argv);

}  // namespace peal::cli
