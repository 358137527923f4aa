#!/bin/sh
# The entry of every image: starts its process with the environment and the Deno permissions of tasks/processes.ts.
# Empty, as compose.yaml hands on what is not set, Deno warns of it. Only the process itself tells its spans.
[ -n "$OTEL_DENO" ] || unset OTEL_DENO
command=$(OTEL_DENO=false deno run --quiet --no-prompt --cached-only --allow-env --allow-read=. tasks/image/launch.ts "$IMAGE") || exit 1
eval "$command"
