#!/usr/bin/env bash
# A throw-away PostgreSQL for tests, on a free port of loopback.
#
#   postgres.sh up DIR     start (and create when absent); prints DATABASE_URL=...; the same again when it runs
#   postgres.sh down DIR   stop and delete everything; also when nothing is there
#
# DIR is an absolute path. Durability is off: the cluster lives as long as the tests.
# Exit 0: done. Exit 1: not done; the reason is on standard error.
set -euo pipefail

readonly START_SECONDS_MAX=60 STOP_SECONDS_MAX=15
# Tests open a pool each, side by side.
readonly CONNECTIONS_MAX=300
# The server refuses to run as root, so root lends it the user that Debian's package created.
readonly RUN_AS_WHEN_ROOT=postgres

fail() { echo "postgres: $*" >&2; exit 1; }
usage() { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 1; }

# Debian keeps the server's programs out of PATH, one directory per version; the most recent is taken.
programs() {
    local directory
    directory=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort | tail -n 1)
    [[ -x $directory/initdb ]] || directory=$(dirname "$(command -v initdb)")
    [[ -x $directory/initdb ]] || fail "PostgreSQL is missing. Run scripts/install-system.sh first."
    echo "$directory"
}

as_owner() {
    if (( EUID == 0 )); then
        (cd / && setpriv --reuid "$RUN_AS_WHEN_ROOT" --regid "$RUN_AS_WHEN_ROOT" --init-groups "$@")
    else
        "$@"
    fi
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
secret() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
running() { [[ -e $DIR/url ]] && as_owner "$PROGRAMS/pg_ctl" --pgdata "$DIR/data" status > /dev/null; }

create() {
    mkdir -p "$DIR"
    secret > "$DIR/password"
    (( EUID != 0 )) || chown -R "$RUN_AS_WHEN_ROOT:" "$DIR"
    as_owner test -w "$DIR" -a -x "$DIR" || fail "user $RUN_AS_WHEN_ROOT may not enter $DIR; choose a DIR whose parents everybody may enter"
    as_owner "$PROGRAMS/initdb" --pgdata "$DIR/data" --username cadran --pwfile "$DIR/password" --auth scram-sha-256 \
        --encoding UTF8 --locale C.UTF-8 --no-sync > "$DIR/log" 2>&1 || fail_with_log "could not create a cluster"
}

start() {
    local port
    port=$(free_port)
    as_owner "$PROGRAMS/pg_ctl" --pgdata "$DIR/data" --log "$DIR/data/log" --wait --timeout "$START_SECONDS_MAX" --options \
        "-c listen_addresses=127.0.0.1 -p $port -c unix_socket_directories= -c max_connections=$CONNECTIONS_MAX \
         -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start > /dev/null || fail_with_log "did not start"
    echo "DATABASE_URL=postgres://cadran:$(cat "$DIR/password")@127.0.0.1:$port/postgres" > "$DIR/url"
}

fail_with_log() {
    tail -n 20 "$DIR/log" "$DIR/data/log" >&2 || true
    fail "PostgreSQL in $DIR $1; the ends of its logs are above"
}

up() {
    if ! running; then
        # Whatever an interrupted run has left cannot be trusted: nothing in it was durable.
        down
        create
        start
    fi
    cat "$DIR/url"
}

down() {
    [[ -e $DIR ]] || return 0
    [[ -e $DIR/password ]] || fail "$DIR was not made by this script, and is left alone"
    if running; then
        as_owner "$PROGRAMS/pg_ctl" --pgdata "$DIR/data" --mode immediate --wait --timeout "$STOP_SECONDS_MAX" stop \
            > /dev/null || fail_with_log "did not stop"
    fi
    rm -rf "$DIR"
}

main() {
    (( $# == 2 )) || usage
    [[ $2 == /* ]] || fail "DIR must be absolute, and is '$2'"
    readonly DIR=${2%/}
    PROGRAMS=$(programs)
    case $1 in
        up) up ;;
        down) down ;;
        *) usage ;;
    esac
}

main "$@"
