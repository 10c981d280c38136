# shellcheck shell=bash
# What a build needs from the system, and how to get it. Sourced by compose/local, Tests/run, Tests/Benchmarks/run and Tests/Support/postgres.sh.
#
#   require_swift             succeeds if Swift 6.3 or newer is on the PATH, else says what to do
#   require_system_libraries  installs what is missing with apt where it may, else names it; --with-python: also what
#                             Tests/Support/ensure-python needs
#   offer_postgres            installs with apt, where it may, what the PostgreSQL engine is built and tried with: libpq and a server. Nothing
#                             depends on it: what cannot be had stays out, in one line
#   swift_traits              prints the arguments of `swift build` and `swift test` for what this system has the libraries for:
#                             "--traits Postgres" or nothing. All builds ask it: another choice of traits compiles everything again
#   find_postgres_server      prints the folder with initdb, pg_ctl, pgbench … of the newest server that is installed

readonly required_swift=6.3

require_swift() {
    if ! command -v swift >/dev/null; then
        echo "swift is not on the PATH. Vefa needs the Swift $required_swift toolchain: https://www.swift.org/install/linux/" >&2
        return 1
    fi
    local banner found
    banner=$(swift --version 2>/dev/null)
    if [[ ! $banner =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]]; then
        echo "swift --version answers nothing that names a version; is the toolchain complete? ($(command -v swift))" >&2
        return 1
    fi
    found=${BASH_REMATCH[1]}.${BASH_REMATCH[2]}
    if ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < ${required_swift%.*} * 1000 + ${required_swift#*.})); then
        echo "Swift $found is too old: Vefa needs $required_swift or newer ($(command -v swift))." >&2
        return 1
    fi
}

# Compiles and links a program of one line; arguments: language, source, linker flags.
# Asking the compiler instead of dpkg finds libraries wherever the distribution put them.
_compiles() {
    local language=$1 source=$2 compiler
    shift 2
    # The toolchain's own clang comes first: that is the one the build will use.
    compiler=$(dirname "$(readlink -f "$(command -v swift)")")/clang
    [[ -x $compiler ]] || compiler=$(command -v clang || command -v cc) || return 1
    printf '%b\n' "$source" | "$compiler" -x "$language" - -o "$_probe/out" "$@" 2>/dev/null
}

# Prints the apt names of what is missing, one a line; nothing when a build can begin.
missing_system_libraries() {
    local _probe
    local sqlite='#include <sqlite3.h>\nint a() { return sqlite3_libversion_number(); }\n'
    local curl='#include <curl/curl.h>\nint b() { return curl_version() == 0; }\n'
    local zlib='#include <zlib.h>\nint c() { return zlibVersion() == 0; }\n'
    local main='#include <memory>\nint main() { return *std::make_unique<int>(0); }\n'
    _probe=$(mktemp -d) || return 1
    command -v git >/dev/null || echo git
    [[ ${1:-} != --with-python ]] || python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    # All at once is the usual case; one by one only to name what is missing.
    if ! _compiles c++ "$sqlite$curl$zlib$main" -lsqlite3 -lcurl -lz -lstdc++; then
        _compiles c++ "$main" -lstdc++ || echo g++
        _compiles c "$sqlite int main() { return a(); }" -lsqlite3 || echo libsqlite3-dev
        _compiles c "$curl int main() { return b(); }" -lcurl || echo libcurl4-openssl-dev
        _compiles c "$zlib int main() { return c(); }" -lz || echo zlib1g-dev
    fi
    rm -rf "$_probe"
}

# Prints how apt-get may be called here, a word a line; fails where it may not.
_apt() {
    command -v apt-get >/dev/null || return 1
    if ((EUID != 0)); then
        command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
        printf '%s\n' sudo -n
    fi
    printf '%s\n' env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -qq
}

require_system_libraries() {
    local missing=() still=() apt=()
    mapfile -t missing < <(missing_system_libraries "$@")
    ((${#missing[@]})) || return 0

    if ! command -v apt-get >/dev/null; then
        echo "Missing on this system (Debian's names): ${missing[*]}. Install them and try again." >&2
        return 1
    fi
    mapfile -t apt < <(_apt)
    if ((!${#apt[@]})); then
        echo "Missing system libraries: ${missing[*]}. Install them and try again:" >&2
        echo "    sudo apt-get install -y ${missing[*]}" >&2
        return 1
    fi

    echo "Installing system libraries: ${missing[*]}"
    # A fresh machine has no package lists yet; a failed update may still leave usable ones.
    "${apt[@]}" update </dev/null || true
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null || {
        echo "apt-get could not install: ${missing[*]}" >&2
        return 1
    }
    mapfile -t still < <(missing_system_libraries "$@")
    if ((${#still[@]})); then
        echo "Still missing after the installation: ${still[*]}" >&2
        return 1
    fi
}

# --- PostgreSQL, which a build can do without --------------------------------------------------------------------------

# Debian keeps the server's programs off the PATH.
find_postgres_server() {
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin | sort -rV) \
        "$(pg_config --bindir 2>/dev/null)" "$(dirname "$(command -v initdb 2>/dev/null)" 2>/dev/null)"; do
        [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/postgres ]] && echo "$folder" && return
    done
    return 1
}

# The package asks pkg-config where libpq is.
_has_libpq() {
    local _probe flags=() status
    read -r -a flags < <(pkg-config --cflags --libs libpq 2>/dev/null) || return 1
    _probe=$(mktemp -d) || return 1
    _compiles c '#include <libpq-fe.h>\nint main() { return PQlibVersion() == 0; }\n' "${flags[@]}"
    status=$?
    rm -rf "$_probe"
    return "$status"
}

swift_traits() {
    _has_libpq && echo '--traits Postgres'
    return 0
}

offer_postgres() {
    local missing=() apt=()
    _has_libpq || missing+=(libpq-dev pkg-config)
    find_postgres_server >/dev/null || missing+=(postgresql)
    ((${#missing[@]})) || return 0
    mapfile -t apt < <(_apt)
    if ((${#apt[@]})); then
        echo "Installing for the PostgreSQL engine: ${missing[*]}"
        "${apt[@]}" update </dev/null || true
        "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null && return 0
    fi
    echo "➜ For the PostgreSQL engine these are missing, and could not be installed (Debian's names): ${missing[*]}" >&2
}
