// Ports for the programs that a test starts.
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

// What keeps other tests off a port while its program is not listening yet: UDP's port of the same number, which nobody else
// uses and which ends with this process.
const reserved = [];

function reserve(port) {
  return new Promise((resolve) => {
    const socket = createSocket("udp4").once("error", () => resolve(false));
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => {
      reserved.push(socket.unref());
      resolve(true);
    });
  });
}

const isFree = (port) => new Promise((resolve) => {
  const probe = createServer().once("error", () => resolve(false));
  probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
});

/**
 * A port of 127.0.0.1 that nobody listens on and no other test is given, outside of the range that the kernel gives to outgoing
 * connections, and of the one of the integration tests (tests/integration/support/ports.cc).
 */
export async function freePort() {
  for (let attempt = 0; attempt < 200; ++attempt) {
    const port = 28000 + Math.floor(Math.random() * 4000);
    if (await reserve(port) && await isFree(port)) return port;
  }
  throw new Error("no free port");
}
