// `peal device`: a user for a device, with all that the device needs.
#pragma once

namespace peal::cli {

int device_main(int argc, char** argv);

}  // namespace peal::cli
