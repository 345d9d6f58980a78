// `peal rr`.
#pragma once

namespace peal::cli {

/// `argv`   begins with the word "rr"; what follows are its options.
/// returns  the program's exit code, mosquitto_rr's.
[[nodiscard]] int rr_main(int argc, char** argv);

}  // namespace peal::cli
