import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import "./coalesce.ts";

let server: Server;
let received: Promise<string>[] = [];

before(async () => {
  server = createServer((socket) => received.push(textOf(socket)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(() => void server.close());

async function textOf(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

/** A connection, and how many pieces each of its writes to the system held. */
async function open(): Promise<{ socket: Socket; sent: number[] }> {
  received = [];
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  const sent: number[] = [];
  const { _write, _writev } = socket;
  socket._write = function (...args) {
    sent.push(1);
    _write.apply(socket, args);
  };
  socket._writev = function (chunks, done) {
    sent.push(chunks.length);
    _writev?.call(socket, chunks, done);
  };
  return { socket, sent };
}

describe("a socket", () => {
  it("sends what one turn of the event loop writes at once, and what the next one writes after it", async () => {
    const { socket, sent } = await open();
    socket.write("a");
    socket.write("b");
    await Promise.resolve();
    socket.write("c");
    expect(sent).toEqual([]);
    await setImmediate();
    expect(sent).toEqual([3]);
    socket.write("d");
    await setImmediate();
    expect(sent).toEqual([3, 1]);
    // A library that corks by itself, as pg does for each statement.
    for (const piece of ["e", "f"]) {
      socket.cork();
      socket.write(piece);
      socket.uncork();
    }
    expect(sent).toEqual([3, 1, 1, 1]);
    socket.end();
    await once(socket, "close");
    expect(await received[0]).toBe("abcdef");
  });

  it("loses nothing where it ends in the turn of its last write", async () => {
    const { socket } = await open();
    socket.write("a");
    socket.write("b");
    socket.end("c");
    await once(socket, "close");
    expect(await received[0]).toBe("abc");
  });
});
