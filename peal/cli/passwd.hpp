// `peal passwd`: makes and changes password files, with mosquitto_passwd's options.
//
// Exit status: 0 done, 1 it could not be done (and nothing was changed), 2 the command line is
// wrong.
#pragma once

namespace peal::cli {

int passwd_main(int argc, char** argv);

}  // namespace peal::cli
