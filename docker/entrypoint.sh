#!/bin/sh
# Creates the ledger on the first start, then serves it; `found` does no more than create it where there is none. Any other command goes to `concord` as it is.
#
# On the first start the operator's key is made and kept, encrypted, under CONCORD_HOME. Its passphrase comes from the file
# that CONCORD_PASSPHRASE_FILE names (a Docker secret) and is never printed.
# The founders come from CONCORD_MEMBERS, as `concord init --member` takes them, separated by semicolons; where there are none the operator
# holds all votes.
set -eu

data=${CONCORD_DATA_DIR:?CONCORD_DATA_DIR names the folder that keeps the ledger}

make_ledger() {
  set -- --data "$data" --operator "$1"
  [ -z "${CONCORD_ORIGIN:-}" ] || set -- "$@" --origin "$CONCORD_ORIGIN"
  fields=$IFS
  IFS=';'
  # Names may hold spaces, and an asterisk in one is no pattern.
  set -f
  for member in ${CONCORD_MEMBERS:-}; do
    set -- "$@" --member "${member# }"
  done
  set +f
  IFS=$fields
  concord init "$@"
}

task=${1:-serve}
case $task in
  serve | found) ;;
  *) exec concord "$@" ;;
esac
[ $# -eq 0 ] || shift

if [ ! -e "$data/log.key" ]; then
  : "${CONCORD_PASSPHRASE_FILE:?name a file with the passphrase of the operator\'s key}"
  if [ ! -r "$CONCORD_PASSPHRASE_FILE" ]; then
    echo "User $(id -u) cannot read $CONCORD_PASSPHRASE_FILE. A secret has the owner and mode of the file on the host: chown it to that user." >&2
    exit 1
  fi
  key=${CONCORD_OPERATOR_KEY:-operator}
  if ! concord keys list --json | grep -q "\"name\": \"$key\""; then
    concord keys new "$key"
  fi
  make_ledger "$key"
fi
[ "$task" = serve ] || exit 0
exec concord serve --data "$data" "$@"
