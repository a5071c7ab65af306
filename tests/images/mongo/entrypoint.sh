#!/bin/sh
# What this project needs of the official entrypoint: the user that serves, and all addresses unless the command says.
set -e

case $1 in -*) set -- mongod "$@" ;; esac
[ "$1" = mongod ] || exec "$@"

if [ -n "$MONGO_INITDB_ROOT_USERNAME$MONGO_INITDB_ROOT_PASSWORD" ]; then
    # A server without the users that were asked for would be open to everybody.
    echo 'FATAL: this stand-in for the official image makes no users: leave MONGO_INITDB_ROOT_USERNAME out' >&2
    exit 1
fi

if [ "$(id -u)" = 0 ]; then
    find /data/db /data/configdb ! -user mongodb -exec chown mongodb {} +
    exec setpriv --reuid=mongodb --regid=mongodb --init-groups "$0" "$@"
fi

case " $*" in *' --bind_ip'* | *' --config'* | *' -f '*) ;; *) set -- "$@" --bind_ip_all ;; esac
exec "$@"
