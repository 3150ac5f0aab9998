#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Usage: examples/run.sh [--build-dir=DIR]
#
# Installs the packages that are missing, builds the library in _build (or DIR), starts a server,
# and connects to it with hb-cat. The server then freezes, and later is killed and started again.
# Each time, hb-cat reconnects. The exit status is 0 if everything happened as announced.

set -euo pipefail

cd "$(dirname "$0")/.."

# shellcheck source=tools/configure.bash
. tools/configure.bash

# The script searches the output of hb-cat, which must therefore not be translated.
export LC_ALL=C.UTF-8 LANGUAGE=

# Each wait polls at most this number of times, once every 0.1 s.
n_polls=150

build_dir=_build
server_pid=
cat_pid=

case "${1:-}" in
  '') ;;
  --build-dir=*) build_dir=${1#--build-dir=} ;;
  -h | --help)
    sed -n 's/^# \{0,1\}//; 4,8p' examples/run.sh
    exit 0
    ;;
  *)
    echo "Usage: examples/run.sh [--build-dir=DIR]" >&2
    exit 2
    ;;
esac

say ()
{
  printf '\n%s\n' "$*"
}

fail ()
{
  printf '\nFAILED: %s\n' "$*" >&2
  exit 1
}

clean_up ()
{
  exec 3>&- || true
  [ -z "$cat_pid" ] || kill -9 "$cat_pid" 2> /dev/null || true
  [ -z "$server_pid" ] || kill -9 "$server_pid" 2> /dev/null || true
  rm -rf "$scratch"
}

# wait_for FILE PATTERN [COUNT]: waits until FILE has at least COUNT (by default 1) lines that match
# PATTERN
wait_for ()
{
  local file=$1 pattern=$2 count=${3:-1} i

  for ((i = 0; i < n_polls; i++)); do
    if [ "$(grep -c -- "$pattern" "$file")" -ge "$count" ]; then
      return 0
    fi
    sleep 0.1
  done

  return 1
}

# Sets status to the exit status of hb-cat.
wait_for_cat ()
{
  local i

  for ((i = 0; i < n_polls; i++)); do
    if ! kill -0 "$cat_pid" 2> /dev/null; then
      status=0
      wait "$cat_pid" || status=$?
      cat_pid=
      return
    fi
    sleep 0.1
  done

  fail "hb-cat did not end after its input"
}

expect_event ()
{
  wait_for "$scratch/events" "$1" "${3:-1}" || fail "$2"
}

expect_received ()
{
  wait_for "$scratch/received" "^$1\$" || fail "the server did not send back $1"
}

start_server ()
{
  : > "$scratch/server"
  "$build_dir/tools/echo-server" --port="$1" > "$scratch/server" 3>&- &
  server_pid=$!
  # Without disown, bash would report that the server was killed.
  disown "$server_pid"
  wait_for "$scratch/server" '^Listening' || fail "the server did not start"
  uri=$(sed -n 's/^Listening on //p' "$scratch/server")
  port=${uri##*:}
  port=${port%/}
}

send ()
{
  echo "    sent      $1"
  echo "$1" >&3
}

build ()
{
  configure build "$build_dir"
  meson compile -C "$build_dir" hb-cat echo-server
}

# Shows the messages and events of hb-cat, and keeps them in files, which the script searches later.
start_cat ()
{
  : > "$scratch/received"
  : > "$scratch/events"
  "$build_dir/tools/hb-cat" \
    --ping-timeout=400 --pong-timeout=600 --connect-timeout=1000 --reconnect-timeout=1000 \
    --min-uptime=500 --pong-message=heartbeat "$uri" \
    < "$scratch/input" \
    2> >(tee "$scratch/events" | sed -u 's/^/    /') \
    > >(tee "$scratch/received" | sed -u 's/^/    received  /') &
  cat_pid=$!

  # If hb-cat inherited the writing end of the pipe, it would never read an end of file, so the
  # script opens this end later.
  exec 3> "$scratch/input"
}

scratch=$(mktemp -d)
trap clean_up EXIT

build

mkfifo "$scratch/input"

start_server 0
say "A server listens on $uri. hb-cat connects, and sends a heartbeat after each 0.4 s of silence."
start_cat
expect_event '  open$' "hb-cat did not open its connection"
send "hello"
expect_received "hello"
expect_event 'ping answered in [0-9.]* ms' "no heartbeat was answered" 3

say "The server freezes (SIGSTOP): TCP reports no error, but no heartbeat is answered for 0.6 s."
kill -STOP "$server_pid"
expect_event 'silence: ' "hb-cat did not detect that the server had stopped answering"
expect_event 'reconnect in ' "hb-cat did not plan to reconnect after the silence"
say "The server continues (SIGCONT)."
kill -CONT "$server_pid"
expect_event 'open again after ' "hb-cat did not reconnect after the silence"
expect_event 'ping answered' "no heartbeat was answered on the second connection" 5

say "The server is killed, and hb-cat gets three lines while no server runs."
kill -KILL "$server_pid"
expect_event 'connection lost' "hb-cat did not detect that the server was killed" 2
send "one"
send "two"
send "three"
expect_event 'queued, 3 waiting' "hb-cat did not queue the lines while no connection was open"
expect_event 'attempt 2' "hb-cat did not continue its attempts"

say "The server is started again on port $port."
start_server "$port"
expect_event 'open again after .*, 3 queued' "hb-cat did not reconnect with the lines queued"
expect_received "three"
[ "$(tail -n 3 "$scratch/received")" = $'one\ntwo\nthree' ] \
  || fail "the lines did not come back in order, each of them once"

say "The input ends, so hb-cat closes the connection and exits."
exec 3>&-
wait_for_cat
[ "$status" -eq 0 ] || fail "hb-cat ended with status $status"
expect_event 'closed with code 1000' "hb-cat did not close its connection with code 1000"

# tee and sed need a moment to show the last lines.
sleep 0.2
say "This run showed heartbeats, a dead connection, two reconnections, and no lost line."
