#!/bin/sh
# Creates the ledger on the first start, then serves it; `found` does no more than create it where there is none. Any other command goes to `concord` as it is.
#
# On the first start the operator's key is made and kept, encrypted, under CONCORD_HOME. Its passphrase comes from the file
# that CONCORD_PASSPHRASE_FILE names (a Docker secret) and is never printed.
set -eu

data=${CONCORD_DATA_DIR:?CONCORD_DATA_DIR names the folder that keeps the ledger}

task=${1:-serve}
case $task in
  serve | found) ;;
  *) exec concord "$@" ;;
esac
[ $# -eq 0 ] || shift

if [ ! -e "$data/log.key" ]; then
  : "${CONCORD_PASSPHRASE_FILE:?name a file with the passphrase of the operator\'s key}"
  key=${CONCORD_OPERATOR_KEY:-operator}
  if ! concord keys list --json | grep -q "\"name\": \"$key\""; then
    concord keys new "$key"
  fi
  if [ -n "${CONCORD_ORIGIN:-}" ]; then
    concord init --data "$data" --origin "$CONCORD_ORIGIN" --operator "$key"
  else
    concord init --data "$data" --operator "$key"
  fi
fi
[ "$task" = serve ] || exit 0
exec concord serve --data "$data" "$@"
