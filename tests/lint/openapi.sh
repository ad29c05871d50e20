#!/bin/sh
# Lint the contract with Redocly's public rules.   openapi.sh proto/openapi.yaml redocly.yaml
# Skips (77) only where the npm registry cannot be reached.
set -eu
if ! command -v npx >/dev/null || ! npm ping >/dev/null 2>&1; then
    echo "skipped: the npm registry cannot be reached, so @redocly/cli is not here"
    exit 77
fi
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
exec npx --yes @redocly/cli@1.34.5 lint --config "$2" --max-problems 50 "$1"
