// `peal scan`: what a stranger learns of a broker, and what to do about it.
#pragma once

namespace peal::cli {

/// returns   0: nothing at or above --fail-on, 2: something, 1: nothing there, or misused.
[[nodiscard]] int scan_main(int argc, char** argv);

}  // namespace peal::cli
