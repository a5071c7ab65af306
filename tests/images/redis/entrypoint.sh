#!/bin/sh
# What this project needs of the official entrypoint: the user that serves, and the modules that Redis 8 comes with.
set -e

case $1 in -* | *.conf) set -- redis-server "$@" ;; esac
[ "$1" = redis-server ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
    find /data ! -user redis -exec chown redis {} +
    exec setpriv --reuid=redis --regid=redis --init-groups "$0" "$@"
fi

shift
case $1 in '' | -*) file= ;; *) file=$1 && shift ;; esac
for module in /usr/local/lib/redis/modules/*.so; do set -- "$@" --loadmodule "$module"; done
umask 077
# The official program is built with protected mode off, since a container's ports are closed until they are published.
exec redis-server ${file:+"$file"} --protected-mode no "$@"
