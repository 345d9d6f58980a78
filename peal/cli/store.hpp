// `peal store check` and `peal store repair`: look a store through while no server uses it, and
// keep what can be kept of a damaged one.
//
// Exit status: 0 sound (or repaired without loss), 1 it cannot be looked through, 2 there is damage
// (or something was left out).
#pragma once

namespace peal::cli {

int store_main(int argc, char** argv);

}  // namespace peal::cli
