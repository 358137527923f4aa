/** Reads `name pid` until the pipe breaks, then ends the last of each name with its group. */
const SCRIPT = `
left=""
while read -r name pid; do
  rest=""
  for entry in $left; do [ "\${entry%%:*}" = "$name" ] || rest="$rest $entry"; done
  left="$rest \${pid:+$name:$pid}"
done
for entry in $left; do kill -s KILL -- "-\${entry##*:}"; done 2> /dev/null
`;

/**
 * Ends the processes it was told of should ours die without a word, as by kill -9: a shell in a session of its own
 * holds the other end of a pipe, which breaks then.
 */
export class Undertaker {
  readonly #shell = new Deno.Command("sh", {
    args: ["-c", SCRIPT],
    cwd: "/",
    detached: true,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  readonly #pipe = this.#shell.stdin.getWriter();
  readonly #names = new Set<string>();

  /** A process that leads a group of its own has started; it takes the place of the one of that name before. */
  started(name: string, pid: number): void {
    this.#names.add(name);
    this.#tell(`${name} ${pid}\n`);
  }

  /** All have ended: their numbers may be others' by now. */
  async close(): Promise<void> {
    for (const name of this.#names) this.#tell(`${name}\n`);
    await this.#pipe.close().catch(() => {});
    await this.#shell.status;
  }

  #tell(line: string): void {
    this.#pipe.write(new TextEncoder().encode(line)).catch(() => {});
  }
}
