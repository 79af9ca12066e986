#!/usr/bin/env bash
# Puts llmeter and tools from PyPI on the same work, and prints a table. Needs Go and Python 3.10 or later; a tool that
# cannot be installed or run is skipped, and the table says why. Flags go to compare.py: see --help.
#
#	bench/peers/run.sh                          # all tools, ten to thirty minutes, most of it installing
#	bench/peers/run.sh --tools llmeter-go,llmeter --streams 10
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v python3 >/dev/null; then
	echo 'skipped: there is no python3'
	exit 0
fi
exec python3 bench/peers/compare.py "$@"
