// A client as Node's fetch (undici) and its http module make it: url, then what they send. It ends with an error unless each answer is 202
// and names an event.
import http from "node:http";
import { gzipSync } from "node:zlib";

const url = process.argv[2];
const text = JSON.stringify({ x: "y".repeat(100_000) });

function judge(what, status, body) {
  if (status !== 202 || !(JSON.parse(body).event > 0)) throw new Error(`${what}: ${status} ${body}`);
}

async function fetched(what, init) {
  const answer = await fetch(url, { method: "POST", ...init });
  judge(`fetch, ${what}`, answer.status, await answer.text());
}

// fetch knows no Expect.
function expecting(agent) {
  return new Promise((resolve, reject) => {
    let wasTold = false;
    const headers = { expect: "100-continue", "content-length": Buffer.byteLength(text) };
    const request = http.request(url, { method: "POST", agent, headers }, (answer) => {
      let body = "";
      answer.on("data", (piece) => (body += piece));
      answer.on("end", () => {
        judge("http, Expect", answer.statusCode, body);
        wasTold ? resolve() : reject(new Error("http, Expect: no 100 came"));
      });
    });
    request.on("continue", () => {
      wasTold = true;
      request.end(text);
    });
    request.on("error", reject);
    request.flushHeaders();
  });
}

function pieces() {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 30_000) controller.enqueue(bytes.subarray(at, at + 30_000));
      controller.close();
    },
  });
}

for (const connection of ["keep-alive", "close"]) {
  const agent = new http.Agent({ keepAlive: connection === "keep-alive" });
  for (let round = 0; round < 3; round++) {
    await fetched("length", { body: text, headers: { connection, "content-type": "application/json" } });
    await fetched("chunked", { body: pieces(), duplex: "half", headers: { connection } });
    await fetched("gzip", { body: gzipSync(text), headers: { connection, "content-encoding": "gzip" } });
    await expecting(agent);
  }
  agent.destroy();
}
// Side by side, as many as the connections that fetch makes.
await Promise.all(Array.from({ length: 50 }, () => fetched("at once", { body: text })));
