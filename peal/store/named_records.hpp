// Few records with names, each written safely by itself: what an operator makes while the server
// runs. What is in one is for whoever wrote it to say.
//
// Each is in the table `acct` under KIND/NAME, with a checksum. threads   any.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "peal/base/bytes.hpp"
#include "peal/store/database.hpp"

namespace peal::store {

/// KIND/NAME of a key.
struct RecordName {
  std::string_view kind;
  std::string_view name;
};
[[nodiscard]] std::optional<RecordName> parse_name(std::string_view key);

/// What is in the value of a row; nothing: it is damaged.
[[nodiscard]] std::optional<std::string_view> named_record(Bytes value);

class NamedRecords {
 public:
  /// `database` outlives it.
  explicit NamedRecords(Database& database) : database_(database) {}

  /// In place of the one of that name; on disk when it returns.    errors   StoreError.
  void put(const RecordName& name, std::string_view record);
  void erase(const RecordName& name);

  /// Every record of one kind, by name.    errors   StoreError: damaged, with the name.
  void for_each(std::string_view kind,
                const std::function<void(std::string_view name, std::string_view record)>& visit);

 private:
  Database& database_;
};

}  // namespace peal::store
