#include "stet/tracking/reading/index/database.h"

#include <sqlite3.h>

#include <cmath>
#include <limits>

#include "stet/tracking/reading/index/checked_pages.h"

namespace stet::tracking {
namespace {

[[noreturn]] void fail_on(sqlite3* database) {
  throw DatabaseError(fmt::format("the index: {}", sqlite3_errmsg(database)), sqlite3_extended_errcode(database));
}

}  // namespace

bool DatabaseError::is_damage() const {
  switch (code_ & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_NOLFS:
    case SQLITE_INTERRUPT: return false;
    case SQLITE_IOERR:
      return code_ == SQLITE_IOERR_DATA || code_ == SQLITE_IOERR_SHORT_READ || code_ == SQLITE_IOERR_CORRUPTFS;
    default: return true;
  }
}

void raise_damaged() { throw DatabaseError("the index: a row is damaged", SQLITE_CORRUPT); }

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  statement_.reset(statement);
  if (result != SQLITE_OK) fail_on(database);
}

void Statement::fail() const { fail_on(sqlite3_db_handle(statement_.get())); }

void Statement::bind(int place, int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), place, value) != SQLITE_OK) fail();
}
void Statement::bind(int place, double value) {
  if (sqlite3_bind_double(statement_.get(), place, value) != SQLITE_OK) fail();
}
void Statement::bind(int place, std::string_view value) {
  const auto size = static_cast<sqlite3_uint64>(value.size());
  const char* text = value.data() ? value.data() : "";
  if (sqlite3_bind_text64(statement_.get(), place, text, size, SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK) fail();
}
void Statement::bind_blob(int place, std::string_view value) {
  const char* bytes = value.data() ? value.data() : "";
  if (sqlite3_bind_blob64(statement_.get(), place, bytes, value.size(), SQLITE_TRANSIENT) != SQLITE_OK) fail();
}
void Statement::bind_null(int place) {
  if (sqlite3_bind_null(statement_.get(), place) != SQLITE_OK) fail();
}

bool Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) fail();
  sqlite3_reset(statement_.get());
  return false;
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

int Statement::places() const { return sqlite3_bind_parameter_count(statement_.get()); }
bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }
bool Statement::is_text(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_TEXT; }
int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
double Statement::real(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN() : sqlite3_column_double(statement_.get(), column);
}
std::string Statement::text(int column) const { return std::string(view(column)); }
std::string_view Statement::view(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (!bytes) return {};
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Database::Database(const char* name, int flags, const char* file_system) {
  sqlite3* database = nullptr;
  const int result = sqlite3_open_v2(name, &database, flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, file_system);
  database_.reset(database);
  if (result != SQLITE_OK) {
    if (!database) throw DatabaseError("the index: out of memory", SQLITE_NOMEM);
    fail_on(database);
  }
  sqlite3_extended_result_codes(database, 1);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

Database Database::open(const Path& file) {
  Database database(file.c_str(), SQLITE_OPEN_NOFOLLOW, checked_pages());
  int reserved = kReservedBytes;
  sqlite3_file_control(database.database_.get(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  // Who closes a database that was replaced meanwhile would remove the new one's log, which has the same name.
  int stays = 1;
  sqlite3_file_control(database.database_.get(), "main", SQLITE_FCNTL_PERSIST_WAL, &stays);
  return database;
}

Database Database::in_memory() { return Database(":memory:", SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY, nullptr); }

void Database::run(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail_on(database_.get());
}

int64_t Database::last_key() const { return sqlite3_last_insert_rowid(database_.get()); }
void Database::wait_for_locks(int milliseconds) { sqlite3_busy_timeout(database_.get(), milliseconds); }

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.run("ROLLBACK");
  } catch (const DatabaseError&) {  // it is undone when the database is closed
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace stet::tracking
