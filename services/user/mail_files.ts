import type { Mail, Mailer } from "./mail.ts";
import { escapeHtml } from "./mail_texts.ts";

/** How many mails the folder holds; the oldest go. */
const MAX_FILES = 500;
/** How many of them index.html lists. */
const LISTED = 100;

interface Kept {
  name: string;
  title: string;
}

/** For development: writes mails as pages into a folder, newest first in its index.html, instead of sending them. */
export function keepMails(folder: string, from: string): Mailer {
  let kept: Kept[] | undefined;
  let number = 0;
  // One after the other, so that the index has them all.
  let turn: Promise<void> = Promise.resolve();

  const write = async (mail: Mail) => {
    kept ??= await readFolder(folder);
    const time = new Date().toISOString();
    const name = `${time.replaceAll(/[:.]/g, "-")}-${String(++number).padStart(5, "0")}.html`;
    await Deno.writeTextFile(`${folder}/${name}`, page(mail, from, time), { mode: 0o600 });
    kept.unshift({ name, title: titleOf(mail, time) });
    for (const { name } of kept.splice(MAX_FILES)) await Deno.remove(`${folder}/${name}`).catch(() => {});
    await Deno.writeTextFile(`${folder}/index.html`, index(kept.slice(0, LISTED)), { mode: 0o600 });
  };

  return {
    send: (mail) => turn = turn.catch(() => {}).then(() => write(mail)),
    close: () => {},
  };
}

function titleOf({ to, subject }: Mail, time: string): string {
  return `${time} · ${to} · ${subject}`;
}

function page(mail: Mail, from: string, time: string): string {
  const facts = [["From", from], ["To", mail.to], ["Subject", mail.subject], ["Time", time]];
  return html(
    titleOf(mail, time),
    `<table>${
      facts.map(([name = "", value = ""]) => `<tr><th align="left">${name}</th><td>${escapeHtml(value)}</td></tr>`)
        .join("")
    }</table><hr>${mail.html}<hr><pre>${escapeHtml(mail.text)}</pre>`,
  );
}

function index(kept: Kept[]): string {
  const lines = kept.map(({ name, title }) => `<li><a href="${name}">${escapeHtml(title)}</a></li>`);
  return html("Mails", `<h1>Mails that were not sent</h1><ul>${lines.join("\n")}</ul>`);
}

function html(title: string, body: string): string {
  return `<!doctype html><meta charset="utf-8"><title>${escapeHtml(title)}</title>${body}\n`;
}

/** The mails of an earlier start, newest first. */
async function readFolder(folder: string): Promise<Kept[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (/^\d{4}-.*\.html$/.test(name)) names.push(name);
  }
  return await Promise.all(
    names.sort().reverse().map(async (name) => {
      const text = await Deno.readTextFile(`${folder}/${name}`);
      return { name, title: unescapeHtml(/<title>(.*?)<\/title>/s.exec(text)?.[1] ?? name) };
    }),
  );
}

function unescapeHtml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}
