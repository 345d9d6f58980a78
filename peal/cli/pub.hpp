// `peal pub`.
#pragma once

namespace peal::cli {

/// `argv`   begins with the word "pub"; what follows are its options.
/// returns  the program's exit code, mosquitto_pub's.
[[nodiscard]] int pub_main(int argc, char** argv);

}  // namespace peal::cli
