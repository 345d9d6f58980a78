// `peal acl test`: may this user publish or subscribe there, and which rule says so?
#pragma once

namespace peal::cli {

/// Exit codes: 0 allowed, 2 denied, 1 no answer (a file that cannot be read, ...).
[[nodiscard]] int acl_main(int argc, char** argv);

}  // namespace peal::cli
