#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later

# Runs the book's program for graphql-transport-ws with a server that uses the package graphql-ws.
# `meson compile -C _build graphql-ws` calls this script.
#
# run.sh RUN.PY SOURCE BUILD CLIENT

set -euo pipefail

runner=$1
source=$2
build=$3
client=$4
folder=$build/graphql-ws

mkdir -p "$folder"
cp "$source"/tests/apps/docs/graphql-ws/{package.json,package-lock.json,server.js} "$folder"
npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error

exec "$runner" "$source" "$build" "$folder/server.js" "$client" "$source/doc/conversations.md" \
  graphql
