#!/usr/bin/env bash
# Repeats the measurements of docs/accuracy.md. Flags go to the program: see bench/doc.go, or -help.
set -euo pipefail
cd "$(dirname "$0")/.."
exec go run ./bench "$@"
