// SQLite, as far as the index uses it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "stet/tensor/error.h"
#include "stet/tracking/record/folder.h"

struct sqlite3;
struct sqlite3_stmt;

namespace stet::tracking {

/// What SQLite can't do, and its code. Never leaves the index.
class DatabaseError : public Error {
 public:
  DatabaseError(const std::string& message, int code) : Error(message), code_(code) {}
  /// Does it lie in the file, so that another one would do, and not in its surroundings: space, locks, permissions?
  bool is_damage() const;

 private:
  int code_;
};

/// What a row holds is not of its form. Throws DatabaseError.
[[noreturn]] void raise_damaged();

/// A compiled statement. Bound texts are copied.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);

  void bind(int place, int64_t value);
  void bind(int place, double value);  ///< NaN becomes NULL
  void bind(int place, std::string_view value);
  void bind(int place, bool value) { bind(place, static_cast<int64_t>(value)); }
  void bind_blob(int place, std::string_view value);
  void bind_null(int place);
  /// The next row; false when there is none, and the statement can be bound and run anew.
  bool step();
  /// Runs what has no rows.
  void run() {
    while (step()) {}
  }
  void reset();

  int places() const;  ///< that can be bound
  bool is_null(int column) const;
  bool is_text(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;  ///< NaN where it is NULL
  std::string text(int column) const;
  std::string_view view(int column) const;  ///< of a text or a blob, until the next step

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  [[noreturn]] void fail() const;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// An open database. All throw DatabaseError.
class Database {
 public:
  /// Opens a file that is there already, with checked pages.
  static Database open(const Path& file);
  static Database in_memory();

  void run(const std::string& sql);
  Statement prepare(std::string_view sql) const { return Statement(database_.get(), sql); }
  int64_t last_key() const;
  /// Waits so long for other processes' writing.
  void wait_for_locks(int milliseconds);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  Database(const char* name, int flags, const char* file_system);
  std::unique_ptr<sqlite3, Close> database_;
};

/// Writes all or nothing: what was not committed when it goes is undone.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { database_.run("BEGIN IMMEDIATE"); }
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace stet::tracking
