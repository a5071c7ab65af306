#!/bin/sh
# What this project needs of the official entrypoint: the user that serves, and a cluster with a superuser's password.
set -e

case $1 in -*) set -- postgres "$@" ;; esac
[ "$1" = postgres ] || exec "$@"
case " $* " in *' --version '* | *' -V '* | *' --help '* | *' -? '*) exec "$@" ;; esac

if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 700 "$PGDATA"
    install -d -o postgres -g postgres -m 3777 /var/run/postgresql
    find "$PGDATA" ! -user postgres -exec chown postgres {} +
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

make_cluster() {
    # From a file, so that it is on no command line. The arguments may have quotes in them, hence the second reading.
    printf '%s\n' "$POSTGRES_PASSWORD" | eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=/dev/stdin \
        --auth-local=trust --auth-host=scram-sha-256 $POSTGRES_INITDB_ARGS"
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
    if [ "$POSTGRES_DB" != postgres ]; then
        # A server for this one statement, which listens nowhere. A name's quotes are doubled.
        printf 'CREATE DATABASE "%s";\n' "$(printf %s "$POSTGRES_DB" | sed 's/"/""/g')" |
            postgres --single -D "$PGDATA" postgres >/dev/null
    fi
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "$POSTGRES_PASSWORD" ]; then
        echo 'FATAL: a new cluster needs a superuser with a password: set POSTGRES_PASSWORD' >&2
        exit 1
    fi
    : "${POSTGRES_USER:=postgres}" "${POSTGRES_DB:=${POSTGRES_USER:-postgres}}"
    make_cluster
fi
exec "$@"
