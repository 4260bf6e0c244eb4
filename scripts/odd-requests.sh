#!/usr/bin/env bash
# Odd requests to every address of the API's document, alone and in sequences by the document's links, on a daemon with
# a real Asterisk: no answer may be a server's error or differ from the document. Schemathesis makes them.
#
# Environment: CADRAN_ODD_EXAMPLES, requests for each address (default 20).
# Exit 0: everything held. Otherwise 1, and what did not is told.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly REPOSITORY
readonly SCHEMATHESIS=4.32.5
readonly EXAMPLES=${CADRAN_ODD_EXAMPLES:-20}
# One key and one session must stay as they are, or nothing else could be asked; `/metrics`, the socket and sounds are no
# JSON.
readonly LEFT_ALONE='^/(api/session|api/me/password|api/keys/.*|api/live|api/media/.*/sounds/.*|metrics)$'
readonly START_SECONDS_MAX=60

cd "$REPOSITORY"
cargo build --workspace --locked --quiet --bins
target=$(cargo metadata --format-version 1 --no-deps --locked | jq --raw-output .target_directory)
readonly CADRAN=$target/debug/cadran VENV=$target/schemathesis-$SCHEMATHESIS
if [[ ! -x $VENV/bin/schemathesis ]]; then
    python3 -m venv "$VENV"
    "$VENV/bin/pip" install --quiet "schemathesis==$SCHEMATHESIS"
fi

"$REPOSITORY/scripts/install-asterisk.sh"
# Short, because the path of a UNIX socket is.
DIRECTORY=$(mktemp --directory /tmp/cadran-odd.XXXXXX)
readonly DIRECTORY
daemon=
stop() {
    local status=$?
    if [[ -n $daemon ]]; then kill "$daemon" 2> /dev/null && wait "$daemon" || true; fi
    "$REPOSITORY/scripts/asterisk-pair.sh" down "$DIRECTORY/pair" || true
    if (( status == 0 )); then rm -rf "$DIRECTORY"; else echo "odd-requests: the log is in $DIRECTORY" >&2; fi
}
trap stop EXIT

"$REPOSITORY/scripts/asterisk-pair.sh" up "$DIRECTORY/pair"
# shellcheck disable=SC1091
source "$DIRECTORY/pair/pair.env"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
readonly API=http://127.0.0.1:$port
cat > "$DIRECTORY/cadran.toml" << TOML
[http]
listen = "127.0.0.1:$port"
secure_cookies = false
[asterisk]
url = "${PBX_ARI_URL%/ari}"
user = "$PBX_ARI_USER"
password = "$PBX_ARI_PASSWORD"
[files]
data = "$DIRECTORY/data"
TOML
first=$("$CADRAN" user add admin --role admin --config "$DIRECTORY/cadran.toml")
"$CADRAN" serve --config "$DIRECTORY/cadran.toml" 2> "$DIRECTORY/cadran.log" &
daemon=$!
for (( second = 0; ; second++ )); do
    if curl --silent --fail --output /dev/null "$API/readyz"; then break; fi
    if (( second == START_SECONDS_MAX )); then echo "odd-requests: the daemon was not ready in time" >&2; exit 1; fi
    sleep 1
done

ask() { curl --silent --show-error --fail-with-body --header "Authorization: Bearer $1" "${@:2}"; }
session=$(curl --silent --json "{\"login\": \"admin\", \"password\": \"$first\"}" "$API/api/session" | jq -r .token)
ask "$session" -X PUT --json "{\"old\": \"$first\", \"new\": \"$first-odd\"}" "$API/api/me/password"
rights=$(ask "$session" "$API/api/me" | jq --compact-output .rights)
key=$(ask "$session" --json "{\"name\": \"odd requests\", \"rights\": $rights}" "$API/api/keys" | jq -r .token)

# Sequences follow from the schemas; those guessed from the header Location mix up addresses.
printf '[phases.stateful.inference]\nalgorithms = ["dependency-analysis"]\n' > "$DIRECTORY/schemathesis.toml"
# It keeps what it found where it runs.
cd "$DIRECTORY"
"$VENV/bin/schemathesis" --config-file "$DIRECTORY/schemathesis.toml" run "$API/api/openapi.json" --header "Authorization: Bearer $key" \
    --exclude-path-regex "$LEFT_ALONE" --max-examples "$EXAMPLES" --workers 1 --request-timeout 35 \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance

"$CADRAN" audit verify --config "$DIRECTORY/cadran.toml"
