const LIMIT = 10 * 1024 * 1024;

/** A log file bounded in size: at 10 MiB it becomes `<name>.1`, in place of an older one. A full disk loses lines, not the shop. */
export class LogFile {
  #file: Deno.FsFile | undefined;
  #size = 0;

  constructor(readonly path: string, readonly limit = LIMIT) {
    this.#open();
  }

  write(bytes: Uint8Array): void {
    try {
      if (this.#size + bytes.length > this.limit) this.#rotate();
      for (let written = 0; this.#file && written < bytes.length;) {
        written += this.#file.writeSync(bytes.subarray(written));
      }
      this.#size += bytes.length;
    } catch {
      // Nothing can be said of a log that cannot be written.
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #open(): void {
    try {
      this.#file = Deno.openSync(this.path, { append: true, create: true, mode: 0o600 });
      this.#size = this.#file.statSync().size;
    } catch {
      // As above.
    }
  }

  #rotate(): void {
    this.close();
    Deno.renameSync(this.path, `${this.path}.1`);
    this.#open();
  }
}
