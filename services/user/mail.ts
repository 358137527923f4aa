import { createConnection, type Socket } from "node:net";
import type { Log } from "../shared/log.ts";
import { keepMails } from "./mail_files.ts";

/** A mail that is ready to be sent. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
}

/** Sends mails: throws where it can't, so that the job tries again. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
  close(): void;
}

/** The settings that mail is sent by. */
export interface MailConfig {
  ENVIRONMENT: "development" | "production";
  SMTP_URL?: string | undefined;
  MAIL_FROM?: string | undefined;
  MAIL_DIR?: string | undefined;
  ADMIN_URL?: string | undefined;
  STOREFRONT_URL?: string | undefined;
}

const CONNECT_MS = 10_000;
/** Below the 60 s that a job has for one attempt. */
const SILENCE_MS = 20_000;

/**
 * What mail goes out by: the server of SMTP_URL; without it, in development, files in MAIL_DIR; else undefined, and the
 * shop sends none. Throws where links would lead nowhere.
 */
export async function createMailer(config: MailConfig, log: Log): Promise<Mailer | undefined> {
  const { SMTP_URL, MAIL_DIR } = config;
  if (SMTP_URL) {
    if (!config.ADMIN_URL) throw new Error("Cannot start as ADMIN_URL is required where SMTP_URL is set.");
    return await smtp(SMTP_URL, senderOf(config));
  }
  if (MAIL_DIR && config.ENVIRONMENT === "development") return keepMails(MAIL_DIR, senderOf(config));
  log.warn("mail is off as SMTP_URL is not set: no invitations, password resets or e-mail verification");
  return undefined;
}

/** By nodemailer, loaded only here. It reads no file and fetches no URL, whatever a mail's fields say. */
async function smtp(url: string, from: string): Promise<Mailer> {
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    url,
    getSocket: ({ host = "localhost", port }, done) =>
      connect(host, Number(port) || (url.startsWith("smtps:") ? 465 : 587)).then(
        (connection) => done(null, { connection }),
        (error) => done(error, false),
      ),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async ({ to, subject, text, html }) => {
      await transport.sendMail({
        from,
        to,
        subject,
        text,
        html,
        // No out-of-office answers to it, please (RFC 3834).
        headers: { "Auto-Submitted": "auto-generated" },
      }).catch(withoutPerson);
    },
    close: () => transport.close(),
  };
}

/** An error for the log: the server's own words often repeat whom the mail was for. */
function withoutPerson(error: { code?: unknown; responseCode?: unknown }): never {
  const why = [error.code, error.responseCode].filter(Boolean).join(" ");
  throw new Error(`Cannot send a mail as the mail server refused it, or is away: ${why || "no reason given"}.`);
}

/**
 * Connects by the host's name: this process has leave for that alone. nodemailer would look the name up first, and then
 * connect to an address for which there is no leave.
 */
function connect(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error("The mail server does not answer.")), CONNECT_MS);
    socket.once("error", reject);
    socket.once("close", () => clearTimeout(timer));
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/** MAIL_FROM, or an address at the console's host. */
function senderOf({ MAIL_FROM, ADMIN_URL }: MailConfig): string {
  const host = ADMIN_URL ? new URL(ADMIN_URL).hostname : "localhost";
  return MAIL_FROM ?? `Nano <no-reply@${/^[\d.]+$/.test(host) ? `[${host}]` : host}>`;
}
