# What the launcher and tools/build share. Sourced with $here set to the repository's folder.
program=$here/artifacts/petrel/petrel
stamp=$here/artifacts/petrel/.built

# Whether the program is missing, or older than a source that it is built from.
is_stale() {
  [ ! -e "$stamp" ] || [ -n "$(find "$here/src" "$here"/Directory.*.props "$here/global.json" "$here/tools/build" \
    \( -name obj -o -name bin \) -prune -o -newer "$stamp" -type f ! -name packages.lock.json -print -quit)" ]
}

require_sdk() {
  command -v dotnet >/dev/null && return
  echo "petrel: the .NET 10 SDK is needed to build (command 'dotnet' not found): on Ubuntu 24.04 'apt-get install dotnet-sdk-10.0'," \
    "elsewhere see https://dot.net" >&2
  exit 1
}

# The commands that run containers and networks need Debian packages; the others do not. Without root a cluster has no containers: its
# pods are plain processes, and nothing has to be installed.
bring_packages() {
  case "${1:-}" in up | agent) ;; *) return 0 ;; esac
  [ "$EUID" = 0 ] || return 0
  case " $* " in *" --runtime process "* | *" --runtime=process "* | *" --help "* | *" -h "* | *" -? "*) return 0 ;; esac
  local name
  for name in conmon ip nft unshare nsenter setsid; do
    command -v "$name" >/dev/null || [ -x "/usr/sbin/$name" ] || { "$here/tools/setup" run; return; }
  done
  command -v crun >/dev/null || command -v runc >/dev/null || "$here/tools/setup" run
}

# Waits for a process that works in the background, and says every few seconds for how long: in place on a terminal, else in lines.
#   follow PID TEXT [FUNCTION]     FUNCTION prints what it does just now
follow() {
  local pid=$1 text=$2 detail=${3:-} started=$SECONDS shown=0 now
  trap 'kill "$pid" 2>/dev/null' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    now=$((SECONDS - started))
    if [ -t 2 ]; then
      printf '\r\033[K%s … %d s%s' "$text" "$now" "${detail:+ ($($detail))}" >&2
    elif [ $((now - shown)) -ge 5 ]; then
      printf '%s … %d s%s\n' "$text" "$now" "${detail:+ ($($detail))}" >&2
      shown=$now
    fi
    sleep 0.3
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
  trap - INT TERM
  wait "$pid"
}
