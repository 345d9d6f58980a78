// `peal bench`: the load generator.
#pragma once

namespace peal::cli {

/// Puts load on a broker and prints what was measured.    returns   the program's exit code.
/// `argv`   begins with the word "bench"; what follows are its options.
[[nodiscard]] int bench_main(int argc, char** argv);

}  // namespace peal::cli
