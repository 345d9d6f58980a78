// `peal sub`.
#pragma once

namespace peal::cli {

/// `argv`   begins with the word "sub"; what follows are its options.
/// returns  the program's exit code, mosquitto_sub's.
[[nodiscard]] int sub_main(int argc, char** argv);

}  // namespace peal::cli
