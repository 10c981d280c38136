# shellcheck shell=bash
# Throw-away PostgreSQL servers for tests and measurements. Sourced by with-postgres and Tests/run, after compose/system-libraries.sh.
#
#   start_postgres   starts two servers on free ports of loopback, with data below /tmp, and exports
#                      VEFA_TEST_POSTGRES_URL        where the server is
#                      VEFA_TEST_POSTGRES_CRASH_URL  where a second one is, for the test that crashes it, since that takes everybody's connections
#                      VEFA_TEST_POSTGRES_RESTART    a command that crashes the second and starts it again (fsync is on: what was acknowledged
#                                                    must be there)
#                    Fails when there is no server of version 15 or newer here, or none can be started, with the reason in postgres_missing
#   stop_postgres    ends them and removes their data; to be called in any case

postgres_missing=''
_postgres_folder='' _postgres_server='' _postgres_port=''
_postgres_owner=()

# _postgres_control NAME ARGUMENT…: pg_ctl for one of the servers.
_postgres_control() {
    local name=$1
    shift
    "${_postgres_owner[@]}" "$_postgres_server/pg_ctl" -D "$_postgres_folder/$name" -s "$@" </dev/null
}

# Makes a server and sets _postgres_port.
_start_postgres() {
    local try=0 candidate
    # Texts sorted by their bytes, as SQLite does.
    if ! "${_postgres_owner[@]}" "$_postgres_server/initdb" -D "$_postgres_folder/$1" -U vefa --auth=trust --encoding=UTF8 --locale=C \
        >"$_postgres_folder/$1.initdb.log" 2>&1 </dev/null; then
        postgres_missing="initdb failed: $(tail -n 3 "$_postgres_folder/$1.initdb.log")"
        return 1
    fi
    cat >>"$_postgres_folder/$1/postgresql.conf" <<CONFIGURATION
listen_addresses = '127.0.0.1'
unix_socket_directories = '$_postgres_folder'
fsync = on
synchronous_commit = on
max_connections = 400
shared_buffers = 64MB
logging_collector = off
CONFIGURATION
    # A port is free until somebody else takes it: try a few.
    while ((try++ < 20)); do
        candidate=$((20000 + RANDOM % 12000))
        if _postgres_control "$1" -w -t 60 -l "$_postgres_folder/$1.log" -o "-p $candidate" start >/dev/null 2>&1; then
            _postgres_port=$candidate
            return
        fi
    done
    postgres_missing="the server '$1' did not start: $(tail -n 3 "$_postgres_folder/$1.log" 2>/dev/null)"
    return 1
}

start_postgres() {
    local owner=nobody here=$PWD
    unset VEFA_TEST_POSTGRES_URL VEFA_TEST_POSTGRES_CRASH_URL VEFA_TEST_POSTGRES_RESTART
    if ! _postgres_server=$(find_postgres_server); then
        postgres_missing='no PostgreSQL server is installed (apt: postgresql).'
        return 1
    fi
    if [[ ! $("$_postgres_server/postgres" --version) =~ \ (1[5-9]|[2-9][0-9])(\.|[a-z]|$) ]]; then
        postgres_missing="$("$_postgres_server/postgres" --version) is older than 15."
        return 1
    fi
    # PostgreSQL does not run as root.
    if ((EUID == 0)); then
        id postgres >/dev/null 2>&1 && owner=postgres
        if ! command -v setpriv >/dev/null; then
            postgres_missing='setpriv (util-linux) is missing, and PostgreSQL does not run as root.'
            return 1
        fi
        _postgres_owner=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups)
    fi
    # Not below TMPDIR: a socket's path has to be short.
    if ! _postgres_folder=$(mktemp -d /tmp/vefa-postgres.XXXXXX); then
        postgres_missing='no folder below /tmp can be made.'
        return 1
    fi
    ((EUID == 0)) && chown "$owner" "$_postgres_folder"
    # The owner may not be allowed to stand where we do.
    cd "$_postgres_folder" || return 1
    if ! _start_postgres main; then cd "$here" || true; return 1; fi
    local main=$_postgres_port
    if ! _start_postgres crash; then cd "$here" || true; return 1; fi
    cat >"$_postgres_folder/restart" <<RESTART
#!/bin/sh
cd '$_postgres_folder' || exit 1
exec ${_postgres_owner[*]} '$_postgres_server/pg_ctl' -D '$_postgres_folder/crash' -s -w -t 60 -m immediate -l '$_postgres_folder/crash.log' -o '-p $_postgres_port' restart </dev/null >/dev/null 2>&1
RESTART
    chmod 755 "$_postgres_folder/restart"
    cd "$here" || return 1
    export VEFA_TEST_POSTGRES_URL="postgres://vefa@127.0.0.1:$main/postgres?sslmode=disable"
    export VEFA_TEST_POSTGRES_CRASH_URL="postgres://vefa@127.0.0.1:$_postgres_port/postgres?sslmode=disable"
    export VEFA_TEST_POSTGRES_RESTART=$_postgres_folder/restart
}

stop_postgres() {
    [[ -n $_postgres_folder ]] || return 0
    local name
    for name in main crash; do
        # From there, for the same reason.
        [[ -f $_postgres_folder/$name/postmaster.pid ]] && (cd "$_postgres_folder" && _postgres_control "$name" -m immediate stop) >/dev/null 2>&1
    done
    rm -rf "$_postgres_folder"
    _postgres_folder=''
}
