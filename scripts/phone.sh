#!/usr/bin/env bash
# Agents' phones: SIP accounts of the PBX, registered and answered by the carrier of a pair (asterisk-pair.sh).
#
#   phone.sh add DIR ACCOUNT SECRET [BEHAVIOUR]   register; returns when the PBX has accepted it
#   phone.sh remove DIR ACCOUNT                   unregister; also when it is gone already
#
# ACCOUNT is the user name of the account on the PBX. BEHAVIOUR is what the phone does when it is called:
#   talks (default)   answers at once and speaks 440 Hz until hung up
#   supervises        as `talks`, at 620 Hz
#   slow              rings 3 seconds, then as `talks`
#   leaves            as `talks`, and hangs up after 5 seconds
#   idle              rings and never answers
#   busy              refuses with 486
#   refuses           refuses with 603
# Exit 0: done. Exit 1: not done; the reason is on standard error.
set -euo pipefail

# Phones register anew every minute, the shortest that Asterisk allows, so that one whose account was rewritten is back
# soon. The PBX may still be writing the account down: a refused registration is tried again every second until then.
readonly REGISTER_SECONDS_MAX=15

fail() { echo "phone: $*" >&2; exit 1; }
usage() { sed -n '2,15s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 1; }

# Sends $1 (PUT or DELETE) for the object $2 (kind/name) with the body $3 to the carrier. The password goes in by
# standard input, where other users of the machine do not see it.
carrier() {
    curl --silent --show-error --max-time 5 --output /dev/null --write-out '%{http_code}' --config - \
        --request "$1" --header 'Content-Type: application/json' ${3:+--data "$3"} \
        "$CARRIER_ARI_URL/asterisk/config/dynamic/res_pjsip/$2" <<< "user = \"$CARRIER_ARI_USER:$CARRIER_ARI_PASSWORD\""
}

# The arguments `name=value` as the body of a dynamic object.
fields() { jq --null-input --compact-output '{fields: [$ARGS.positional[] | capture("^(?<attribute>[^=]+)=(?<value>.*)$")]}' --args "$@"; }

put() {
    local object=$1 status
    shift
    status=$(carrier PUT "$object" "$(fields "$@")")
    [[ $status == 200 ]] || fail "the carrier answered $status to PUT $object"
}

delete() {
    local status
    status=$(carrier DELETE "$1")
    [[ $status == 204 || $status == 404 ]] || fail "the carrier answered $status to DELETE $1"
}

# Whether the PBX reaches this account under a contact of the behaviour $1 (a pattern). `pjsip show contacts` cuts long names off.
contact_known() { $PBX_CLI "database show registrar/contact" | grep --quiet "\"uri\":\"sip:$1\.$account@"; }

# Waits until a command succeeds; fails with the message $1.
wait_until() {
    local message=$1 deadline=$(( SECONDS + REGISTER_SECONDS_MAX ))
    shift
    until "$@"; do
        (( SECONDS < deadline )) || fail "$message within $REGISTER_SECONDS_MAX s"
        sleep 0.05
    done
}

# A registration that is changed keeps its old contact until it expires, so it is made anew.
add() {
    local secret=$1 behaviour=$2
    remove
    put "auth/$account" auth_type=userpass "username=$account" "password=$secret"
    put "registration/$account" transport=transport-phones "outbound_auth=$account" "server_uri=sip:$PBX_SIP_ADDRESS" \
        "client_uri=sip:$account@$PBX_SIP_ADDRESS" "contact_user=$behaviour.$account" expiration=60 \
        max_random_initial_delay=0 retry_interval=1 forbidden_retry_interval=1 fatal_retry_interval=1 \
        max_retries=100000 auth_rejection_permanent=no
    wait_until "the PBX did not accept $account (is the account there, and the secret right?)" contact_known "$behaviour"
}

remove() {
    delete "registration/$account"
    delete "auth/$account"
    wait_until "the PBX did not forget the phone of $account" no_contact_known
}

no_contact_known() { ! contact_known "[a-z]*"; }

main() {
    (( $# >= 3 )) || usage
    local command=$1 directory=$2
    account=$3
    [[ -r $directory/pair.env ]] || fail "no pair runs in $directory; start one with: asterisk-pair.sh up $directory"
    source "$directory/pair.env"
    case $command in
        add)
            [[ ${5:-talks} =~ ^(talks|supervises|slow|leaves|idle|busy|refuses)$ ]] || usage
            add "${4:?the secret is missing}" "${5:-talks}"
            ;;
        remove) remove ;;
        *) usage ;;
    esac
}

main "$@"
