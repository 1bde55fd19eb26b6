#!/usr/bin/env bash
# sqlite: two processes at once fill one database, in each way of journalling that the file system
# allows. Nothing is lost, nothing is torn, and the integrity check of sqlite agrees.
set -euo pipefail
# shellcheck source=tests/guest/workloads/common.sh
. "$(dirname "$0")/common.sh"

readonly rows=${WORKLOAD_ROWS:-30}

# writer DATABASE NUMBER: each row in a transaction of its own, each tenth one changes a counter that
# both share.
writer() {
  local i
  {
    echo '.bail on'
    echo '.timeout 120000'
    for ((i = 1; i <= rows; i++)); do
      echo 'BEGIN IMMEDIATE;'
      echo "INSERT INTO line VALUES ($2, $i, hex(zeroblob($((i * 37 % 700)))));"
      ((i % 10 != 0)) || echo 'UPDATE counter SET value = value + 1;'
      echo 'COMMIT;'
    done
  } | sqlite3 "$1"
}

# fill MODE: the whole test with this journal.
fill() {
  local database=$1.db first second
  same "$(sqlite3 "$database" "PRAGMA journal_mode=$1;")" "$1" 'journal mode'
  sqlite3 "$database" 'CREATE TABLE line (writer, number, text, PRIMARY KEY (writer, number));
    CREATE INDEX by_text ON line (text);
    CREATE TABLE counter (value); INSERT INTO counter VALUES (0);'
  writer "$database" 1 &
  first=$!
  writer "$database" 2 &
  second=$!
  wait "$first" || die "the first writer failed with journal_mode=$1"
  wait "$second" || die "the second writer failed with journal_mode=$1"
  same "$(sqlite3 "$database" 'PRAGMA integrity_check;')" ok "integrity with journal_mode=$1"
  same "$(sqlite3 "$database" 'SELECT count(*), (SELECT value FROM counter) FROM line;')" \
    "$((2 * rows))|$((2 * (rows / 10)))" "rows and counter with journal_mode=$1"
  # In a file of its own because pages are laid out in the order in which the two took turns.
  sqlite3 "$database" '.mode quote' 'SELECT * FROM line ORDER BY writer, number;' >"$1.rows"
  sqlite3 "$1.sorted.db" "ATTACH '$database' AS filled;" \
    'CREATE TABLE line AS SELECT * FROM filled.line ORDER BY writer, number;' 'VACUUM;'
  sqlite3 "$database" 'PRAGMA journal_mode=delete;' >/dev/null
  rm "$database"
}

fill delete
fill truncate
fill persist
# A write-ahead log has its index in a shared map.
if shared_maps; then fill wal; fi
