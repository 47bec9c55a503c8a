# setup.sh - sourced by ./demo and ./check: packages, configuration, build. Quick when nothing changed.

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Installs what packages.txt names and the machine lacks; says so first, and asks for root only then.
install_packages() {
    command -v dpkg-query >/dev/null || die "this machine is not Debian; install what packages.txt lists by hand, then set SNED_NO_INSTALL=1"
    local missing="" package unwanted="^#"
    [ "$(basename "$0")" = check ] || unwanted="#"
    for package in $(grep -v "$unwanted" packages.txt | sed 's/#.*//'); do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "installing Debian packages:$missing"
    local root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "run this as root once: apt-get install$missing"
        root=sudo
    fi
    $root apt-get update -qq >&2 || die "apt-get update failed"
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2 ||
        die "apt-get could not install them"
}

# configure_and_build FOLDER [MESON OPTION...]: says nothing unless it fails. targets=...: these alone.
configure_and_build() {
    local folder=$1 log
    shift
    log=$(mktemp)
    if ! { [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@"; } >"$log" 2>&1 || ! ninja -C "$folder" ${targets:-} >>"$log" 2>&1; then
        grep -E 'ERROR|error:|FAILED' "$log" >&2 || tail -n 20 "$log" >&2
        die "the build in $folder failed; the whole log: $log"
    fi
    rm -f "$log"
}

cd "$(dirname "$0")" || exit 1
[ -n "${SNED_NO_INSTALL:-}" ] || install_packages
