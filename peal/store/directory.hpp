// The directory that a store lives in: made for its owner alone, and told from directories of
// other programs by a file of ours, so that nothing is ever written into one of those.
#pragma once

#include <filesystem>

namespace peal::store {

/// The file that tells a store; its text says so to whoever looks.
inline constexpr const char* marker_name = "PEAL_STORE";

/// Makes the directory (mode 0700) unless there is one; an empty one gets that mode, too, and the
/// mark.
///
/// errors   StoreError: not a directory, something else's, no permission, read-only.
void prepare_directory(const std::filesystem::path& directory);

/// The same checks for a directory that has to be a store already; writes nothing.
void require_store(const std::filesystem::path& directory);

}  // namespace peal::store
