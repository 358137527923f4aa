/** The client in development: reloads the page when the server has started anew. */
import { basePathInBrowser } from "./build_id.ts";

export { boot } from "./client.ts";

let revision: string | undefined;

function connect(): void {
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${basePathInBrowser}/_frsh/alive`);
  socket.onmessage = ({ data }) => {
    if (revision !== undefined && revision !== data) location.reload();
    revision = data;
  };
  socket.onclose = () => setTimeout(connect, 500);
}

connect();
