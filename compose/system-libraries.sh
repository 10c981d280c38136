# shellcheck shell=bash
# What a build needs from the system, and how to get it. Sourced by compose/local and Tests/run.
#
#   require_swift             succeeds if Swift 6.3 or newer is on the PATH, else says what to do
#   require_system_libraries  installs what is missing with apt where it may, else names it; --with-python: also what
#                             Tests/Support/ensure-python needs

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

require_system_libraries() {
    local missing=() still=() as_root=()
    mapfile -t missing < <(missing_system_libraries "$@")
    ((${#missing[@]})) || return 0

    if ! command -v apt-get >/dev/null; then
        echo "Missing on this system (Debian's names): ${missing[*]}. Install them and try again." >&2
        return 1
    fi
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            echo "Missing system libraries: ${missing[*]}. Install them and try again:" >&2
            echo "    sudo apt-get install -y ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo -n)
    fi

    echo "Installing system libraries: ${missing[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -qq)
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
