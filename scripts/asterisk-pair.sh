#!/usr/bin/env bash
# Two real Asterisk servers for tests and the demo: the PBX with the files of dialplan/, and the telephone network
# (the carrier, which also plays the agents' phones) with those of tests/carrier/ on top.
#
#   asterisk-pair.sh up DIR [--slot N]          start both; returns when both take calls; writes DIR/pair.env
#   asterisk-pair.sh down DIR                   stop both; also when one or both are gone already
#   asterisk-pair.sh kill DIR pbx|carrier       end one the hard way (SIGKILL); returns when it is gone
#   asterisk-pair.sh start DIR pbx|carrier      start it again with the files and the database it had
#
# Everything of a pair lives in DIR, which must have a short absolute path. Pairs run side by side: pair N has the
# addresses 127.0.N.1 (PBX), 127.0.N.2 (carrier) and 127.0.N.3 (phones), so no two share a port. Without --slot a
# free N from 1 to 99 is taken; slot 0 is 127.0.0.1 and is only taken when asked for.
#
# Environment: SIP_PORT (default 5060) and HTTP_PORT (default 8088), for machines where these are in use.
# Exit 0: done. Exit 1: not done; the reason is on standard error.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly REPOSITORY
readonly SLOTS=/tmp/cadran-pairs-$UID
readonly SLOT_LAST=99
# An Asterisk is up after a second; a loaded machine may need many times that.
readonly START_SECONDS_MAX=60
readonly STOP_SECONDS_MAX=15
# A UNIX socket's path has 107 characters at most (unix(7)), of which "/carrier/run/asterisk.ctl" takes 25.
readonly DIR_LENGTH_MAX=80

fail() { echo "asterisk-pair: $*" >&2; exit 1; }
usage() { sed -n '2,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 1; }

secret() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# --- Slots ------------------------------------------------------------------------------------------------------

# Takes slot $1 by a lock that the two Asterisk servers inherit: it is free again when both have ended, however.
lock_slot() {
    exec 8>> "$SLOTS/$1.lock"
    flock --nonblock 8
}

# Sets `slot` to the one asked for, or to the first that is free.
take_slot() {
    mkdir -p "$SLOTS"
    if [[ -n ${1:-} ]]; then
        slot=$1
        lock_slot "$slot" || fail "slot $slot is taken by another pair"
        return
    fi
    for (( slot = 1; slot <= SLOT_LAST; slot++ )); do
        if lock_slot "$slot"; then return; fi
    done
    fail "all $SLOT_LAST slots are taken; stop a pair with: asterisk-pair.sh down DIR"
}

# --- Configuration ----------------------------------------------------------------------------------------------

# Configuration files that a packaged Asterisk has and Cadran leaves as they are. Empty ones mean the defaults;
# missing ones are an error in the log, where errors are looked for.
readonly DEFAULTS=(acl aeap ccss chan_websocket cli_aliases features pjproject res_fax res_http_media_cache
    udptl websocket_client)

# The columns of the carrier's call records, which its dialplan appends to a file that has this first line.
readonly CALL_COLUMNS=ended_at,call_id,caller,dialled,status,seconds_up,ended_by

# Writes the files of server $1 (pbx or carrier), whose own address ends in $2, with ARI password $3.
render() {
    local server=$1 address=127.0.$slot.$2 password=$3
    local etc=$DIR/$server/etc
    mkdir -p "$etc" "$DIR/$server"/{db/keys,log,run,spool/recording}
    local name
    for name in "${DEFAULTS[@]}"; do : > "$etc/$name.conf"; done
    cp "$REPOSITORY"/dialplan/*.conf "$etc"
    [[ $server == pbx ]] || cp "$REPOSITORY"/tests/carrier/*.conf "$etc"
    sed -i "s/127\.0\.0\.\([123]\)\b/127.0.$slot.\1/g; s/:5060\b/:$SIP_PORT/" "$etc/pjsip.conf"
    sed -i "s/^bindaddr = .*/bindaddr = $address/; s/^bindport = .*/bindport = $HTTP_PORT/" "$etc/http.conf"
    printf '[cadran]\ntype = user\npassword = %s\n' "$password" > "$etc/ari.user.conf"
    cat >> "$etc/asterisk.conf" <<DIRECTORIES

[directories]
astetcdir => $etc
astmoddir => $ASTERISK_MODULES
astdatadir => $ASTERISK_DATA
astagidir => $ASTERISK_DATA/agi-bin
astvarlibdir => $DIR/$server/db
astdbdir => $DIR/$server/db
astkeydir => $DIR/$server/db
astspooldir => $DIR/$server/spool
astrundir => $DIR/$server/run
astlogdir => $DIR/$server/log
DIRECTORIES
}

# What a test or the demo needs to know, as lines that a shell can source.
write_environment() {
    cat > "$DIR/pair.env" <<ENVIRONMENT
ASTERISK_DATA=$ASTERISK_DATA
PBX_ARI_URL=http://127.0.$slot.1:$HTTP_PORT/ari
PBX_ARI_USER=cadran
PBX_ARI_PASSWORD=$1
PBX_CLI="$ASTERISK -C $DIR/pbx/etc/asterisk.conf -rx"
PBX_LOG=$DIR/pbx/log/messages
PBX_PID_FILE=$DIR/pbx/pid
PBX_RECORDINGS=$DIR/pbx/spool/recording
PBX_SIP_ADDRESS=127.0.$slot.1:$SIP_PORT
PBX_WEBSOCKET_URL=ws://127.0.$slot.1:$HTTP_PORT/ws
CARRIER_ARI_URL=http://127.0.$slot.2:$HTTP_PORT/ari
CARRIER_ARI_USER=cadran
CARRIER_ARI_PASSWORD=$2
CARRIER_CALLS=$DIR/carrier/log/calls.csv
CARRIER_CLI="$ASTERISK -C $DIR/carrier/etc/asterisk.conf -rx"
CARRIER_LOG=$DIR/carrier/log/messages
CARRIER_PHONE_CALLS=$DIR/carrier/log/phones.csv
CARRIER_PID_FILE=$DIR/carrier/pid
CARRIER_SIP_ADDRESS=127.0.$slot.2:$SIP_PORT
PHONES_SIP_ADDRESS=127.0.$slot.3:$SIP_PORT
ENVIRONMENT
}

# --- Processes --------------------------------------------------------------------------------------------------

# The process of server $1, if it runs. The number alone proves nothing: it may have been given to another process.
process() {
    local pid
    pid=$(cat "$DIR/$1/pid" 2>/dev/null) || return 1
    grep --quiet --fixed-strings --null-data --line-regexp "$DIR/$1/etc/asterisk.conf" "/proc/$pid/cmdline" 2>/dev/null || return 1
    echo "$pid"
}

cli() { "$ASTERISK" -C "$DIR/$1/etc/asterisk.conf" -rx "$2" 2>&1; }

# Starts server $1 and waits until it takes calls.
start() {
    local server=$1
    process "$server" > /dev/null && return
    rm -f "$DIR/$server/run/asterisk.ctl"
    setsid "$ASTERISK" -f -C "$DIR/$server/etc/asterisk.conf" < /dev/null > "$DIR/$server/log/console" 2>&1 &
    echo $! > "$DIR/$server/pid"
    disown
    wait_until_up "$server"
}

wait_until_up() {
    local server=$1 deadline=$(( SECONDS + START_SECONDS_MAX ))
    until [[ $(cli "$server" "core waitfullybooted") == *"fully booted"* ]]; do
        process "$server" > /dev/null || fail_with_log "$server" "ended while it started"
        (( SECONDS < deadline )) || fail_with_log "$server" "was not up after $START_SECONDS_MAX s"
        sleep 0.05
    done
    [[ $(cli "$server" "http show status") == *"Bound to 127.0.$slot."* ]] ||
        fail_with_log "$server" "has no web server; is port $HTTP_PORT in use? Choose another with HTTP_PORT"
    [[ $(cli "$server" "pjsip show transports") == *"127.0.$slot."*":$SIP_PORT"* ]] ||
        fail_with_log "$server" "has no SIP; is port $SIP_PORT in use? Choose another with SIP_PORT"
}

fail_with_log() {
    tail -n 20 "$DIR/$1/log/console" "$DIR/$1/log/messages" >&2 || true
    end "$1" KILL
    fail "the $1 of $DIR $2; the end of its log is above"
}

# Ends server $1 with signal $2 and returns when it is gone.
end() {
    local pid
    pid=$(process "$1") || return 0
    kill "-$2" "$pid" 2>/dev/null || return 0
    timeout "$STOP_SECONDS_MAX" tail --pid="$pid" --sleep-interval 0.05 --follow /dev/null && return
    kill -KILL "$pid" 2>/dev/null || return 0
    tail --pid="$pid" --sleep-interval 0.05 --follow /dev/null
}

# --- Commands ---------------------------------------------------------------------------------------------------

up() {
    [[ $DIR == /* ]] || fail "DIR must be absolute, and is '$DIR'"
    (( ${#DIR} <= DIR_LENGTH_MAX )) || fail "DIR is longer than $DIR_LENGTH_MAX characters: $DIR"
    if process pbx > /dev/null || process carrier > /dev/null; then
        fail "a pair runs in $DIR already; stop it with: asterisk-pair.sh down $DIR"
    fi
    getent hosts "$(hostname)" > /dev/null ||
        fail "this machine does not know its own name, and Asterisk would wait 5 s for it in every call; add '127.0.0.1 $(hostname)' to /etc/hosts"
    take_slot "${1:-}"
    rm -rf "$DIR"/{pbx,carrier}
    mkdir -p "$DIR"
    echo "$slot $SIP_PORT $HTTP_PORT" > "$DIR/slot"
    trap down EXIT
    local pbx_password carrier_password
    pbx_password=$(secret)
    carrier_password=$(secret)
    render pbx 1 "$pbx_password"
    render carrier 2 "$carrier_password"
    tee "$DIR/carrier/log/calls.csv" > "$DIR/carrier/log/phones.csv" <<< "$CALL_COLUMNS"
    start pbx
    start carrier
    write_environment "$pbx_password" "$carrier_password"
    trap - EXIT
}

# The slot is still held by the other server, or by nobody when both are gone: then it is taken again.
start_again() {
    lock_slot "$slot" || true
    start "$1"
}

# Logs, recordings and call records stay in DIR for whoever wants to know what happened.
down() {
    end pbx TERM &
    end carrier TERM &
    wait
    rm -f "$DIR/slot" "$DIR/pair.env"
}

main() {
    (( $# >= 2 )) || usage
    local command=$1 server=${3:-}
    readonly DIR=${2%/}
    SIP_PORT=${SIP_PORT:-5060} HTTP_PORT=${HTTP_PORT:-8088}
    local where
    where=$("$REPOSITORY/scripts/install-asterisk.sh" --where)
    eval "$where"
    case $command in
        up)
            [[ -z $server || $server == --slot ]] || usage
            up "${4:-}"
            ;;
        down) down ;;
        kill | start)
            [[ $server == pbx || $server == carrier ]] || usage
            [[ -e $DIR/slot ]] || fail "there is no pair in $DIR"
            read -r slot SIP_PORT HTTP_PORT < "$DIR/slot"
            if [[ $command == kill ]]; then end "$server" KILL; else start_again "$server"; fi
            ;;
        *) usage ;;
    esac
}

main "$@"
