// Empties the log: what its pages still hold for somebody moves into `pend`. For the .cpp files of
// this layer only. (recovery.hpp says how)
#pragma once

#include "peal/store/recovery.hpp"
#include "peal/store/row_error.hpp"

namespace peal::store {

/// Counts in `recovered`.
void replay_log(Database& database, const RecoveryOptions& options, RowErrors& errors,
                Recovered& recovered);

}  // namespace peal::store
