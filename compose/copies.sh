# shellcheck shell=bash
# What compose/migrate, compose/backup and compose/restore share. To be sourced.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
services=(gateway loyalty referral messaging survey)

absolute() { [[ $1 == /* ]] && echo "$1" || echo "$PWD/$1"; }
executable_of() { [[ $1 == gateway ]] && echo gateway || echo "$1-svc"; }

fail() {
    local status=$1
    shift
    printf '%s\n' "$@" >&2
    exit "$status"
}

# The executables in `bin`: VEFA_BIN_DIR, else what `make run` (or, with VEFA_BUILD=debug, `make dev`) has built.
find_executables() {
    local name folder build=${VEFA_BUILD:-release}
    folder=.build-release
    [[ $build == debug ]] && folder=.build
    bin=$(absolute "${VEFA_BIN_DIR:-$root/$folder/$build}")
    for name in "${services[@]}"; do
        [[ -x $bin/$(executable_of "$name") ]] && continue
        fail 69 "there is no executable $(executable_of "$name") in $bin: build first (make run does), or say where they are with VEFA_BIN_DIR"
    done
}

# The store that a service would open.
url_of() {
    local variable=VEFA_${1^^}_DATABASE_URL file
    file=VEFA_${1^^}_DATABASE_URL_FILE
    if [[ -n ${!variable:-} ]]; then
        echo "${!variable}"
    elif [[ -n ${!file:-} ]]; then
        cat "${!file}"
    else
        echo "sqlite://$(absolute "${VEFA_DATA_DIR:-$root/.vefa}")/$1.db"
    fi
}
