#!/bin/sh
# The entry of every image: starts its process with the environment and the Deno permissions of tasks/processes.ts.
command=$(deno run --quiet --no-prompt --cached-only --allow-env --allow-read=. tasks/image/launch.ts "$IMAGE") || exit 1
eval "$command"
