// `peal explain`: why a client is refused, dropped or silent.
#pragma once

namespace peal::cli {

int explain_main(int argc, char** argv);

}  // namespace peal::cli
