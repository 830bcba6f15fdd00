/* SQLite behind words of ours. Statements are prepared once; the caller keeps threads apart. */
#include "store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { POINTS_MAX = 360 };

static const char schema[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = NORMAL;"
	"CREATE TABLE IF NOT EXISTS traffic (step INTEGER, interface TEXT, peer TEXT, at INTEGER,"
	" rx INTEGER, tx INTEGER, PRIMARY KEY (step, interface, peer, at)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS traffic_at ON traffic (step, interface, at);"
	"CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, at INTEGER, user TEXT,"
	" address TEXT, action TEXT);";

enum statement { ADD, FORGET, OF_ONE, OF_ALL, AUDIT, AUDIT_FORGET, AUDIT_LIST, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[ADD] = "INSERT INTO traffic VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET"
		" rx = rx + excluded.rx, tx = tx + excluded.tx",
	[FORGET] = "DELETE FROM traffic WHERE step = ?1 AND at < ?2",
	[OF_ONE] = "SELECT at / ?5 * ?5 AS slot, sum(rx), sum(tx) FROM traffic WHERE step = ?1 AND"
		   " interface = ?2 AND at >= ?3 AND at < ?4 AND peer = ?6 GROUP BY slot",
	[OF_ALL] = "SELECT at / ?5 * ?5 AS slot, sum(rx), sum(tx) FROM traffic WHERE step = ?1 AND"
		   " interface = ?2 AND at >= ?3 AND at < ?4 GROUP BY slot",
	[AUDIT] = "INSERT INTO audit (at, user, address, action) VALUES (?1, ?2, ?3, ?4)",
	[AUDIT_FORGET] = "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1",
	[AUDIT_LIST] = "SELECT at, user, address, action FROM audit ORDER BY id DESC LIMIT ?1",
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	bool is_bad; /* a write since store_begin() failed */
};

int store_open(struct store **store, const char *path, const char **why)
{
	struct store *s = calloc(1, sizeof(*s));
	mode_t mask = umask(0077);
	int status = SQLITE_NOMEM;

	if (s)
		status = sqlite3_open_v2(
			path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	umask(mask);
	if (status == SQLITE_OK)
		status = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
	for (unsigned i = 0; i < STATEMENTS && status == SQLITE_OK; i++)
		status = sqlite3_prepare_v2(s->db, texts[i], -1, &s->statements[i], NULL);
	*why = sqlite3_errstr(status);
	if (status != SQLITE_OK) {
		store_close(s);
		return -EIO;
	}
	*store = s;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	free(store);
}

/* Runs a statement that gives nothing back. */
static bool run(sqlite3_stmt *statement)
{
	bool is_done = sqlite3_step(statement) == SQLITE_DONE;

	sqlite3_reset(statement);
	return is_done;
}

static void add(struct store *store, int step, const char *interface, const char *peer, int64_t at,
	uint64_t rx, uint64_t tx)
{
	sqlite3_stmt *statement = store->statements[ADD];

	sqlite3_bind_int(statement, 1, step);
	sqlite3_bind_text(statement, 2, interface, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, peer, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 4, at / step * step);
	sqlite3_bind_int64(statement, 5, (int64_t)rx);
	sqlite3_bind_int64(statement, 6, (int64_t)tx);
	if (!run(statement))
		store->is_bad = true;
}

void store_begin(struct store *store)
{
	store->is_bad = sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK;
}

void store_add(struct store *store, const char *interface, const char *peer, int64_t at,
	uint64_t rx, uint64_t tx)
{
	add(store, STORE_FINE_STEP, interface, peer, at, rx, tx);
	add(store, STORE_COARSE_STEP, interface, peer, at, rx, tx);
}

static void forget(struct store *store, int step, int64_t before)
{
	sqlite3_bind_int(store->statements[FORGET], 1, step);
	sqlite3_bind_int64(store->statements[FORGET], 2, before);
	if (!run(store->statements[FORGET]))
		store->is_bad = true;
}

bool store_end(struct store *store, int64_t now)
{
	forget(store, STORE_FINE_STEP, now - STORE_FINE_SECONDS);
	forget(store, STORE_COARSE_STEP, now - STORE_COARSE_SECONDS);
	if (sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		store->is_bad = true;
	}
	return !store->is_bad;
}

/* Slots that all are multiples of the table's, and not too many of them. */
static int64_t choose_step(int64_t span, int table_step)
{
	int64_t slots = (span + table_step - 1) / table_step;

	return table_step * ((slots + POINTS_MAX - 1) / POINTS_MAX);
}

static void add_point(json_t *points, int64_t at, int64_t rx, int64_t tx, int64_t step)
{
	json_array_append_new(points, json_pack("[I,I,I]", (json_int_t)at, (json_int_t)(rx / step),
					      (json_int_t)(tx / step)));
}

/* Points for all slots; the statement gives those in which something was, in order. */
static json_t *make_points(sqlite3_stmt *statement, int64_t from, int64_t to, int64_t step)
{
	json_t *points = json_array();
	int status = sqlite3_step(statement);

	for (int64_t at = from; at < to; at += step) {
		if (status == SQLITE_ROW && sqlite3_column_int64(statement, 0) == at) {
			add_point(points, at, sqlite3_column_int64(statement, 1),
				sqlite3_column_int64(statement, 2), step);
			status = sqlite3_step(statement);
		} else {
			add_point(points, at, 0, 0, step);
		}
	}
	sqlite3_reset(statement);
	return points;
}

json_t *store_history(
	struct store *store, const char *interface, const char *peer, int64_t now, int64_t span)
{
	int table_step = span <= STORE_FINE_SECONDS ? STORE_FINE_STEP : STORE_COARSE_STEP;
	sqlite3_stmt *statement = store->statements[peer ? OF_ONE : OF_ALL];
	int64_t step = choose_step(span, table_step);
	/* The slot of now is not complete yet. */
	int64_t to = now / step * step, from = to - (span + step - 1) / step * step;

	sqlite3_bind_int(statement, 1, table_step);
	sqlite3_bind_text(statement, 2, interface, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(statement, 3, from);
	sqlite3_bind_int64(statement, 4, to);
	sqlite3_bind_int64(statement, 5, step);
	if (peer)
		sqlite3_bind_text(statement, 6, peer, -1, SQLITE_TRANSIENT);
	return json_pack("{s:I,s:I,s:I,s:o}", "from", (json_int_t)from, "to", (json_int_t)to,
		"step", (json_int_t)step, "points", make_points(statement, from, to, step));
}

bool store_audit(
	struct store *store, int64_t at, const char *user, const char *address, const char *action)
{
	sqlite3_stmt *statement = store->statements[AUDIT];

	sqlite3_bind_int64(statement, 1, at);
	sqlite3_bind_text(statement, 2, user, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(statement, 3, address, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(statement, 4, action, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int(store->statements[AUDIT_FORGET], 1, STORE_AUDIT_MAX);
	return run(statement) && run(store->statements[AUDIT_FORGET]);
}

json_t *store_audit_list(struct store *store, int count)
{
	sqlite3_stmt *statement = store->statements[AUDIT_LIST];
	json_t *list = json_array();

	sqlite3_bind_int(statement, 1, count);
	while (sqlite3_step(statement) == SQLITE_ROW)
		json_array_append_new(list, json_pack("{s:I,s:s,s:s,s:s}", "at",
						    (json_int_t)sqlite3_column_int64(statement, 0),
						    "user", sqlite3_column_text(statement, 1),
						    "address", sqlite3_column_text(statement, 2),
						    "action", sqlite3_column_text(statement, 3)));
	sqlite3_reset(statement);
	return list;
}
