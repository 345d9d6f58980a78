// `peal user`: the users that a server keeps itself.
#pragma once

namespace peal::cli {

int user_main(int argc, char** argv);

}  // namespace peal::cli
