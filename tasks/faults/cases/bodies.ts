import { delay } from "../../shop/children.ts";
import { expectAnswer, sendJson, sendRough } from "../hostile/rough.ts";
import { person, setScene } from "../hostile/scene.ts";
import type { Fault, Trial } from "../trial.ts";

const MIB = 1024 * 1024;

/** A body that goes on until somebody stops reading; tells how much was taken. */
function endless() {
  const sent = { bytes: 0 };
  const piece = new TextEncoder().encode(`{"name":"${"x".repeat(64 * 1024)}`);
  const body = new ReadableStream<Uint8Array>({
    pull(control) {
      sent.bytes += piece.length;
      control.enqueue(piece);
      return delay(1);
    },
  });
  return { sent, body };
}

/** Has people shop meanwhile: what one client sends must not harm the others. */
const meanwhile = (trial: Trial, attack: () => Promise<void>) =>
  trial.load({ shoppers: 4, seconds: 2, users: 0 }, attack);

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

/** Bodies that are too long, too deep or not what they say. */
export const BODIES: readonly Fault[] = [
  {
    number: 15,
    title: "2 MiB and endless chunked bodies",
    async run(trial) {
      await meanwhile(trial, async () => {
        const big = JSON.stringify({ variant_id: "x".repeat(2 * MIB), quantity: 1 });
        for (const path of ["/cart/items", "/auth/login", "/orders", "/payments/webhooks/test"]) {
          expectAnswer(trial, `2 MiB to ${path}`, await sendRough(trial, "POST", path, { body: big }), [413]);
        }
        const image = await sendRough(trial, "POST", "/media", {
          who: trial.staff,
          headers: { "content-type": "image/png" },
          body: new Uint8Array(7 * MIB),
        });
        expectAnswer(trial, "an image of 7 MiB", image, [413]);
        for (const path of ["/cart/items", "/auth/register", "/payments/webhooks/test"]) {
          const { sent, body } = endless();
          // An answer before the body's end may cost the connection: what counts is that the reading ends.
          const answer = await fetch(trial.world.gateway + path, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body,
            signal: AbortSignal.timeout(15_000),
          }).then(async (response) => [response.status, await response.text()], (error) => [0, String(error)]);
          const isCut = answer[0] === 413 || answer[0] === 0 && !/timed out/i.test(String(answer[1]));
          trial.expect(isCut, `an endless body to ${path} was answered ${answer.join(" ").slice(0, 120)}`);
          trial.expect(sent.bytes < 32 * MIB, `${sent.bytes} bytes of an endless body to ${path} were taken`);
        }
      });
      trial.expectNoServerErrors();
    },
  },
  {
    number: 16,
    title: "malformed JSON, wrong type, duplicate keys",
    async run(trial) {
      const { owner } = await setScene(trial);
      const encode = (text: string) => new TextEncoder().encode(text);
      const bodies: [string, string | Uint8Array<ArrayBuffer>][] = [
        ["nothing", ""],
        ["half an object", '{"variant_id":'],
        ["a trailing comma", '{"quantity":1,}'],
        ["single quotes", "{'quantity':1}"],
        ["a comment", '{"quantity":1}//'],
        ["two objects", "{}{}"],
        ["a word", "quantity"],
        ["NaN", '{"quantity":NaN}'],
        ["null", "null"],
        ["a number", "1"],
        ["text", '"text"'],
        ["an array", "[]"],
        ["an array of objects", '[{"quantity":1}]'],
        ["a mark of bytes' order alone", "\ufeff"],
        ["UTF-16", new Uint8Array(new Uint16Array([...'{"quantity":1}'].map((c) => c.charCodeAt(0))).buffer)],
        ["no UTF-8", new Uint8Array([...encode('{"name":"'), 0xff, 0xfe, ...encode('"}')])],
      ];
      await meanwhile(trial, async () => {
        for (const [method, path] of [["POST", "/cart/items"], ["POST", "/orders"], ["PATCH", "/users/me"]] as const) {
          for (const [what, body] of bodies) {
            const headers = { "idempotency-key": crypto.randomUUID() };
            const answer = await sendRough(trial, method, path, { who: owner, headers, body });
            expectAnswer(trial, `${what} to ${path}`, answer, [400]);
          }
          for (
            const type of ["text/plain", "application/x-www-form-urlencoded", "application/xml", "text/json; charset"]
          ) {
            const answer = await sendRough(trial, method, path, {
              who: owner,
              headers: { "content-type": type },
              body: "{}",
            });
            expectAnswer(trial, `${type} to ${path}`, answer, [415], "unsupported_media_type");
          }
        }
        // Whatever a doubled key means, one reading of it counts everywhere: the last, as JSON.parse has it.
        const [{ variant_id } = { variant_id: "" }] = trial.shelves;
        const doubled = await sendRough(trial, "POST", "/cart/items", {
          body: `{"quantity":5,"variant_id":"x","variant_id":"${variant_id}","quantity":1}`,
        });
        expectAnswer(trial, "doubled keys", doubled, [201]);
        trial.expect(doubled.body?.item_count === 1, `doubled keys made ${doubled.body?.item_count} items`);
      });
      trial.expectNoServerErrors();
    },
  },
  {
    number: 17,
    title: "100 k nested arrays, `__proto__`",
    async run(trial) {
      const { product_id } = await setScene(trial);
      const version = (await trial.call("GET", `/products/${product_id}`)).version;
      const deep = [nested(100_000, "[", "]"), nested(100_000, '{"a":', "}").replace("}", "1}"), "[".repeat(500_000)];
      await meanwhile(trial, async () => {
        for (const body of deep) {
          for (const path of ["/cart/items", "/auth/login", "/orders"]) {
            const headers = { "idempotency-key": crypto.randomUUID() };
            const answer = await sendRough(trial, "POST", path, { who: trial.staff, headers, body });
            expectAnswer(trial, `${body.slice(0, 8)}… to ${path}`, answer, [400, 422]);
          }
          const attributes = `{"version":${version},"attributes":{"deep":${body}}}`;
          const answer = await sendRough(trial, "PATCH", `/products/${product_id}`, {
            who: trial.staff,
            body: attributes,
          });
          expectAnswer(trial, "deep attributes", answer, [400, 413]);
        }
        const polluted = [
          '{"__proto__":{"role":"admin","isAdmin":true,"status":"active"}}',
          '{"constructor":{"prototype":{"role":"admin"}}}',
          '{"name":"x","__proto__":{"price":1}}',
        ];
        for (const body of polluted) {
          for (
            const [method, path] of [["POST", "/auth/register"], ["PATCH", "/users/me"], ["POST", "/products"]] as const
          ) {
            const answer = await sendRough(trial, method, path, { who: trial.staff, body });
            expectAnswer(trial, `${body} to ${path}`, answer, [400]);
          }
        }
        // Where anything may be written it is kept as data, and changes nothing else.
        const kept = await sendRough(trial, "PATCH", `/products/${product_id}`, {
          who: trial.staff,
          body: `{"version":${version},"attributes":{"__proto__":{"polluted":true},"constructor":"c","a":1}}`,
        });
        expectAnswer(trial, "attributes named __proto__", kept, [200, 400]);
        const customer = await person(trial);
        const me = await sendRough(trial, "GET", "/users/me", { who: customer });
        trial.expect(
          me.body?.role === "customer" && !("polluted" in (me.body ?? {})),
          "an object's prototype was changed",
        );
        expectAnswer(trial, "a customer's GET /users", await sendRough(trial, "GET", "/users", { who: customer }), [
          403,
        ]);
      });
      trial.expectNoServerErrors();
    },
  },
  {
    number: 31,
    title: "NUL, lone surrogate, RTL, look-alike e-mails",
    async run(trial) {
      const { owner, address_id } = await setScene(trial);
      const address = { name: "A", line1: "1", city: "C", postal_code: "1", country: "DE" };
      await meanwhile(trial, async () => {
        for (
          const [what, escaped] of [["NUL", "\\u0000"], ["a lone surrogate", "\\ud800"], ["its other half", "\\udfff"]]
        ) {
          const targets: [string, string, string][] = [
            ["PATCH", "/users/me", `{"name":"a${escaped}b"}`],
            ["PATCH", `/users/me/addresses/${address_id}`, `{"city":"a${escaped}b"}`],
            ["POST", "/auth/login", `{"email":"a@example.com","password":"a${escaped}b"}`],
            ["POST", "/auth/register", `{"email":"a${escaped}@example.com","password":"correct horse 42"}`],
            ["POST", "/cart/items", `{"variant_id":"${escaped}","quantity":1}`],
            ["POST", "/orders", JSON.stringify({ shipping_address: address, note: "@" }).replace("@", escaped ?? "")],
          ];
          for (const [method, path, body] of targets) {
            const headers = { "idempotency-key": crypto.randomUUID() };
            const answer = await sendRough(trial, method, path, { who: owner, headers, body });
            expectAnswer(trial, `${what} to ${path}`, answer, path === "/auth/login" ? [400, 401] : [400]);
          }
        }
        for (
          const path of ["/products?q=%00", "/products?q=%ff", "/products/%00", "/orders/%00", "/stores/%ed%a0%80"]
        ) {
          expectAnswer(trial, path, await sendRough(trial, "GET", path, { who: owner }), [200, 400, 404]);
        }
        // Text of any script and direction is text: it comes back as it was.
        for (
          const name of ["\u202egnp.exe", "שלום \u200f!", "e\u0301\u0327 \u1e9e ﬁ", "👩‍👩‍👧‍👦 \u{10ffff}", "\u2066x\u2069"]
        ) {
          const answer = await sendJson(trial, "PATCH", "/users/me", { name }, { who: owner });
          expectAnswer(trial, `the name ${JSON.stringify(name)}`, answer, [200, 400]);
          if (answer.status === 200) trial.expect(answer.body.name === name, `${name} was kept as ${answer.body.name}`);
        }
        await lookAlikes(trial);
      });
      trial.expectNoServerErrors();
    },
  },
];

/** Addresses that look like somebody's are somebody else's, or nobody's; only letters' size makes no difference. */
async function lookAlikes(trial: Trial): Promise<void> {
  const id = crypto.randomUUID().slice(0, 8);
  const [email, password] = [`paypal.${id}@example.com`, "correct horse 42 battery"];
  expectAnswer(trial, "a new account", await sendJson(trial, "POST", "/auth/register", { email, password }), [201]);
  const upper = await sendJson(trial, "POST", "/auth/register", { email: email.toUpperCase(), password });
  expectAnswer(trial, "the same address in capitals", upper, [409], "email_taken");
  const alike = [
    email.replace("a", "\u0430"), // Cyrillic
    email.replace("p", "\uff50"), // full width
    email.replace("@", "\uff20"),
    email.replace("y", "y\u200b"), // zero width
    email.replace(".com", ".c\u00f6m"),
    email.replace("i", "\u0131"), // without its dot
    email.replace("@", "\u0000@"),
    `"${email}"`,
  ];
  for (const other of alike.filter((other) => other !== email)) {
    const login = await sendJson(trial, "POST", "/auth/login", { email: other, password });
    expectAnswer(trial, `signing in as ${JSON.stringify(other)}`, login, [400, 401]);
    const register = await sendJson(trial, "POST", "/auth/register", { email: other, password: `${password}!` });
    expectAnswer(trial, `registering ${JSON.stringify(other)}`, register, [201, 400]);
  }
  const own = await sendJson(trial, "POST", "/auth/login", { email, password });
  expectAnswer(trial, "signing in after that", own, [200]);
}
