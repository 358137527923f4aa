import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { SMTPServer } from "smtp-server";
import { createLog } from "../shared/log.ts";
import { createMailer } from "./mail.ts";
import { composeMail, type MailContent } from "./mail_texts.ts";

const log = createLog("user", { LOG_LEVEL: "ERROR" });
const production = { ENVIRONMENT: "production" as const, ADMIN_URL: "https://console.test" };
const content: MailContent = {
  purpose: "invite",
  to: "ada@shop.test",
  store: "Tea\r\nBcc: evil@shop.test",
  role: "manager",
  inviter: '<img src="x">',
  link: "https://console.test/invitation?token=abc",
};

describe("composeMail()", () => {
  it("says the same in text and in HTML, where names are no markup", () => {
    const { text, html, subject } = composeMail(content);
    expect(text).toContain('<img src="x"> invites you to work for');
    expect(html).toContain("&lt;img src=&quot;x&quot;&gt; invites you");
    expect(html).not.toContain("<img");
    for (const part of [text, html]) expect(part).toContain(content.link);
    expect(subject).toBe("Tea Bcc: evil@shop.test: you are invited to the staff");
  });

  it("has a text for each kind of link", () => {
    const subjects = (["reset", "verify", "invite"] as const).map((purpose) => composeMail({ ...content, purpose }));
    expect(new Set(subjects.map(({ subject }) => subject)).size).toBe(3);
    for (const { text } of subjects) expect(text).toMatch(/works once/);
  });
});

describe("createMailer() with SMTP_URL", () => {
  const received: { from: string; to: string[]; login: string; text: string }[] = [];
  let refusing = false;
  let port = 0;
  const server = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    disabledCommands: ["STARTTLS"],
    onAuth: ({ username, password }, _session, done) => done(null, { user: `${username}:${password}` }),
    onRcptTo: ({ address }, _session, done) => done(refusing ? new Error(`${address} is unknown`) : null),
    onData: (stream, session, done) => {
      const chunks: Uint8Array[] = [];
      stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          login: String(session.user),
          text: new TextDecoder().decode(Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))),
        });
        done();
      });
    },
  });
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const address = server.server.address();
    port = typeof address === "object" && address ? address.port : 0;
  });
  after(() => new Promise<void>((resolve) => server.close(() => resolve())));

  const mailer = () => createMailer({ ...production, SMTP_URL: `smtp://u:p%40ss@127.0.0.1:${port}` }, log);

  it("signs in and hands over text and HTML, to the one addressee", async () => {
    const sender = await mailer();
    await sender?.send(composeMail(content));
    sender?.close();
    expect(received).toMatchObject([{ from: "no-reply@console.test", to: ["ada@shop.test"], login: "u:p@ss" }]);
    const { text = "" } = received[0] ?? {};
    expect(text).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
    expect(text).toContain("Content-Type: text/plain");
    expect(text).toContain("Content-Type: text/html");
    expect(text.split("\r\n\r\n")[0]).not.toMatch(/^Bcc:/m);
  });

  it("throws where the server refuses, so that the job tries again", async () => {
    refusing = true;
    const sender = await mailer();
    const error = await sender?.send(composeMail(content)).catch((error) => error);
    expect(String(error)).toMatch(/Cannot send a mail .* EENVELOPE \d{3}/);
    // Logged, and so without the person.
    expect(String(error)).not.toContain(content.to);
    sender?.close();
    refusing = false;
  });

  it("does not start without a place for links to lead to", async () => {
    const config = { ENVIRONMENT: "production" as const, SMTP_URL: "smtp://127.0.0.1" };
    await expect(createMailer(config, log)).rejects.toThrow("ADMIN_URL is required");
  });
});

describe("createMailer() without SMTP_URL", () => {
  it("is none in production, which is said", async () => {
    const lines: string[] = [];
    const loud = createLog("user", { LOG_LEVEL: "WARNING" }, { write: (line) => void lines.push(line) });
    const config = { ...production, MAIL_DIR: Deno.makeTempDirSync() };
    expect(await createMailer(config, loud)).toBe(undefined);
    expect(lines.join()).toContain("mail is off as SMTP_URL is not set");
  });

  it("keeps pages and an index of them in development, over a restart too", async () => {
    const MAIL_DIR = Deno.makeTempDirSync();
    for (const to of ["one@shop.test", "two@shop.test"]) {
      const mailer = await createMailer({ ENVIRONMENT: "development", MAIL_DIR }, log);
      await Promise.all([mailer?.send({ ...composeMail(content), to }), mailer?.send({ ...composeMail(content), to })]);
      // A process takes longer to start again than the millisecond in which its names begin at 1.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const index = Deno.readTextFileSync(`${MAIL_DIR}/index.html`);
    const names = [...index.matchAll(/href="([^"]+)"/g)].map(([, name = ""]) => name);
    expect(names).toHaveLength(4);
    expect(names).toEqual(names.toSorted().reverse());
    expect(index.indexOf("two@shop.test")).toBeLessThan(index.indexOf("one@shop.test"));
    const mail = Deno.readTextFileSync(`${MAIL_DIR}/${names[0]}`);
    expect(mail).toContain('href="https://console.test/invitation?token=abc"');
    expect(mail).not.toContain("<img");
    Deno.removeSync(MAIL_DIR, { recursive: true });
  });
});
