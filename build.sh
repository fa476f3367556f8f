#!/usr/bin/env bash
# Builds, runs and proves Holdfast. Each command has --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

solution=Local.slnf
host=examples/refund-desk/bin/Release/net10.0/refund-desk.dll
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

usage() {
  cat <<'TEXT'
./build.sh build              Release; the last line is the command that starts the host
./build.sh run [-- OPTIONS]   builds, then becomes the host of examples/refund-desk (its options and commands: ./build.sh run -- --help)
./build.sh test [NAME]        every test, or the projects whose name holds NAME; ends with "N passed, N failed"
./build.sh bench [NAME]       every figure that the project quotes, or one group: http, store, waiting, disk, turns, engine, approvals
./build.sh torture            the tests at full length: a thousand kills, twenty seeds a crash point
./build.sh format [--check]   the code's layout; --check only says whether it is right
TEXT
}

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Installs what the system's package manager has; names the line to type where that cannot be done.
need() { # command-or-test, debian package, brew package, fedora package
  local test=$1 debian=$2 brew=$3 fedora=$4 sudo=
  eval "$test" >/dev/null 2>&1 && return
  [ "$(id -u)" = 0 ] || sudo=sudo
  if command -v apt-get >/dev/null; then
    local line="$sudo apt-get install -y $debian"
    { [ -z "$sudo" ] || sudo -n true 2>/dev/null; } && { $sudo apt-get update -qq && $line -qq; } >/dev/null 2>&1 && eval "$test" >/dev/null 2>&1 && return
    die "$debian is needed and could not be installed. Type: ${line# }"
  elif command -v brew >/dev/null; then
    brew install "$brew" >/dev/null 2>&1 && return
    die "$brew is needed and could not be installed. Type: brew install $brew"
  elif command -v dnf >/dev/null; then
    $sudo dnf install -y -q $fedora >/dev/null 2>&1 && return
    die "$fedora is needed and could not be installed. Type: $sudo dnf install $fedora"
  fi
  die "$debian is needed. Install it with your system's package manager."
}

need_dotnet() {
  command -v dotnet >/dev/null && dotnet --list-sdks | grep '^10\.' >/dev/null ||
    die "The .NET SDK 10 is needed. Type: curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0 && export PATH=~/.dotnet:\$PATH"
}

# No grep -q after a pipe: it leaves early, and under pipefail a writer that is cut off counts as a failure.
need_sqlite() {
  case $(uname) in
    Linux) need '{ ldconfig -p || /sbin/ldconfig -p; } | grep libsqlite3.so.0' libsqlite3-0 sqlite sqlite-libs ;;
  esac
}

# The languages of those who read pages; Debian's package has its version in its name.
need_icu() {
  case $(uname) in
    Linux) need '{ ldconfig -p || /sbin/ldconfig -p; } | grep libicuuc.so' '^libicu[0-9]+$' icu4c libicu ;;
  esac
}

# Debian starts one of its own when it is installed; the tests start theirs beside it, on a socket.
need_postgres() {
  case $(uname) in
    Linux) need 'ls /usr/lib/postgresql/*/bin/postgres || command -v postgres' postgresql postgresql postgresql-server ;;
    *) need 'command -v postgres' postgresql postgresql postgresql-server ;;
  esac
}

need_node() { need 'command -v node && command -v npm' 'nodejs npm' node 'nodejs npm'; }

need_chromium() { case $(uname) in Linux) need 'command -v chromium' chromium chromium chromium ;; esac; } # elsewhere the browser tests are skipped

# Quiet when it succeeds, whole when it does not.
quietly() {
  local log; log=$(mktemp)
  "$@" >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; return 1; }
  rm -f "$log"
}

build() {
  need_dotnet
  need_sqlite
  need_icu
  quietly dotnet build "$solution" -c Release --verbosity quiet
}

run() {
  [ "${1:-}" = -- ] && shift
  need_dotnet
  need_sqlite
  need_icu
  quietly dotnet build examples/refund-desk/refund-desk.csproj -c Release --verbosity quiet
  case ${1:-} in [!-]*) exec dotnet "$host" "$@" ;; esac # a command, not the host
  if ! printf '%s\n' "$@" | grep -E '^--(model|help)(=|$)' >/dev/null &&
     ! env | grep -Ei '^(OPENAI_API_KEY|AZURE_OPENAI_ENDPOINT|HOLDFAST_MODEL(S__[^=]*)?)=.' >/dev/null && [ ! -e examples/refund-desk/appsettings.json ]; then
    say "No model is configured: answers come from the rules in examples/refund-desk/agents/*/script.yaml (--model scripted)."
    set -- --model scripted "$@"
  fi
  exec dotnet "$host" "$@"
}

run_tests() {
  local name=${1:-} passed=0 failed=0 skipped=0 broken=0 project log projects=()
  for project in tests/*/*.csproj; do
    grep -q 'xunit.v3' "$project" && grep -q "/$(basename "$project")" "$solution" || continue
    case $(dirname "$project") in tests/*"$name"*) projects+=("$project") ;; esac
  done
  [ ${#projects[@]} -gt 0 ] || die "No test project's name holds '$name'. Look into tests/."
  need_node
  need_chromium
  need_postgres
  build
  log=$(mktemp)
  for project in "${projects[@]}"; do
    count "$project" sqlite
    case $(basename "$project" .csproj) in Agents.Tests | Agents.Http.Tests) count "$project" postgresql ;; esac # what stands on the agent store, on the other one too
  done
  rm -f "$log"
  if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
  [ "$failed" -eq 0 ] && [ "$broken" -eq 0 ]
}

# One run of one project, added to the sums of run_tests.
count() { # project, database of the agent store
  local project=$1 store=$2
  say "== $(basename "$project" .csproj)$([ "$store" = sqlite ] || echo " on $store")"
  local exe; exe="$(dirname "$project")/bin/Release/net10.0/Holdfast.$(basename "$project" .csproj).dll"
  if HOLDFAST_TEST_STORE=$store dotnet "$exe" -noColor -showLiveOutput >"$log" 2>&1; then [ -z "${HOLDFAST_TORTURE:-}" ] || grep -F '[OUTPUT]' "$log" || :; else broken=1; cat "$log"; fi
  # The runner's own last line: Total: N, Errors: N, Failed: N, Skipped: N, …
  local line; line=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$log" | tail -n 1 || :)
  if [ -z "$line" ]; then say "$project gave no count of its tests."; failed=$((failed + 1)); return; fi
  local total errors bad skip
  total=$(sed -E 's/.*Total: ([0-9]+).*/\1/' <<<"$line"); errors=$(sed -E 's/.*Errors: ([0-9]+).*/\1/' <<<"$line")
  bad=$(sed -E 's/.*Failed: ([0-9]+).*/\1/' <<<"$line"); skip=$(sed -E 's/.*Skipped: ([0-9]+).*/\1/' <<<"$line")
  failed=$((failed + bad + errors)); skipped=$((skipped + skip)); passed=$((passed + total - bad - skip))
  say "   $line"
}

command=${1:-}
[ $# -gt 0 ] && shift
case ${1:-} in --help | -h) [ "$command" = run ] || { usage | grep -E "build.sh ($command)( |$)" || usage; exit 0; } ;; esac
case $command in
  build) build && echo "dotnet $host" ;;
  run)
    case ${1:-} in --help | -h) usage | grep 'build.sh run'; exit 0 ;; esac
    run "$@" ;;
  test) run_tests "$@" ;;
  bench) need_postgres; build && exec dotnet tests/Benchmarks/bin/Release/net10.0/Holdfast.Benchmarks.dll "$@" ;;
  torture)
    export HOLDFAST_TORTURE=1 HOLDFAST_TORTURE_KILLS=${HOLDFAST_TORTURE_KILLS:-1000} HOLDFAST_TORTURE_SEEDS=${HOLDFAST_TORTURE_SEEDS:-20}
    run_tests "$@" ;;
  format)
    need_dotnet
    if [ "${1:-}" = --check ]; then dotnet format "$solution" --verify-no-changes; else dotnet format "$solution"; fi ;;
  '' | --help | -h | help) usage ;;
  *) usage >&2; exit 2 ;;
esac
