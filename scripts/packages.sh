# shellcheck shell=bash
# Sourced. Debian or Ubuntu packages, installed or only unpacked; where that is impossible, says what to do.
source "$(dirname "${BASH_SOURCE[0]}")/children.sh"

redirected() { "${@:2}" >"$1" 2>&1; } # LOG COMMAND...

# quietly WHAT COMMAND...: a command whose words are shown only where it fails: the last of them, and where all are.
quietly() {
  local what=$1 log
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/colonnade-log.XXXXXX")
  if ! patiently "$what" redirected "$log" "$@" </dev/null; then
    tail -n 5 "$log" >&2
    echo "could not $what; all that was said is in $log" >&2
    return 1
  fi
  rm -f "$log"
}

# install_packages PACKAGE...: ends the script where they cannot be installed.
install_packages() {
  local sudo=()
  if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here: install what these Debian packages hold by your system's means," \
      "then start again: $*" >&2
    exit 1
  fi
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "Have root install it, then start again: apt-get install $*" >&2; exit 1; }
    sudo=(sudo)
  fi
  echo "installing with ${sudo[*]}${sudo[*]:+ }apt-get: $*"
  # RUNLEVEL=1 keeps packages from starting system-wide daemons where there is no systemd.
  quietly "install $*" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 sh -c \
    'apt-get -q update && apt-get -qy -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"' sh "$@" || exit 1
}

# unpack_package PACKAGE FOLDER: fetches a package and unpacks it below FOLDER; returns 1 where it cannot. Nothing is
# installed, so this needs no root, who alone can renew the lists of packages though: a new container has none.
unpack_package() {
  local command
  for command in apt-get dpkg-deb; do
    if ! command -v "$command" >/dev/null; then
      echo "there is no $command here to fetch the Debian package $1 with" >&2
      return 1
    fi
  done
  quietly "fetch the Debian package $1 (if its list is missing or old, have root run 'apt-get update')" \
    download_package "$@" &&
    quietly "unpack the Debian package $1" dpkg-deb -x "$2/$1"_*.deb "$2"
}
download_package() ( # PACKAGE FOLDER
  cd "$2" || exit
  apt-get -q download "$1" || { ((EUID == 0)) && apt-get -q update && apt-get -q download "$1"; }
)
