import type { Mail } from "./mail.ts";
import type { Purpose } from "./mail_token.ts";

/** What a mail says of whom and what. */
export interface MailContent {
  purpose: Purpose;
  to: string;
  /** The store's name; without one it is "Nano". */
  store: string;
  /** Of an invitation. */
  role: "support" | "manager" | null;
  inviter: string | null;
  link: string;
}

/** The texts of one kind of mail. */
interface Texts {
  subject: string;
  /** Before the link. */
  says: string;
  /** On the link. */
  does: string;
  /** After it. */
  after: string;
}

const ROLES = { support: "support", manager: "manager" };

/** Every text that the shop mails. */
function textsOf({ purpose, store, role, inviter }: MailContent): Texts {
  switch (purpose) {
    case "reset":
      return {
        subject: `${store}: set a new password`,
        says: "Somebody, hopefully you, asked for a new password for your account.",
        does: "Set a new password",
        after: "The link works once, within an hour. If it wasn't you, do nothing: your password stays as it is.",
      };
    case "verify":
      return {
        subject: `${store}: is this your e-mail address?`,
        says: "An account has this e-mail address. Please confirm that it is yours.",
        does: "Confirm the address",
        after: "The link works once, within three days. If you have no account with us, do nothing.",
      };
    case "invite":
      return {
        subject: `${store}: you are invited to the staff`,
        says: `${inviter ?? "A manager"} invites you to work for ${store}, as ${ROLES[role ?? "support"]}.`,
        does: "Accept the invitation",
        after: "The link works once, within seven days. If you don't know who this is, do nothing.",
      };
  }
}

/** A mail as plain text and as HTML that says the same. Names come from people: in HTML they are escaped. */
export function composeMail(content: MailContent): Mail {
  const { to, store, link } = content;
  const { subject, says, does, after } = textsOf(content);
  // Not by name: whoever registered a stranger's address would have written it.
  const hello = "Hello,";
  return {
    to,
    subject: oneLine(subject),
    text: [hello, says, `${does}:\n${link}`, after, store].join("\n\n") + "\n",
    html: `<div style="max-width:36em;font:16px/1.5 system-ui,sans-serif">
<p>${hello}</p>
<p>${escapeHtml(says)}</p>
<p><a href="${
      escapeHtml(link)
    }" style="display:inline-block;padding:.6em 1.2em;border-radius:.4em;background:#1f4fd8;color:#fff;text-decoration:none">${
      escapeHtml(does)
    }</a></p>
<p style="font-size:14px">Or open this address: <br>${escapeHtml(link)}</p>
<p>${escapeHtml(after)}</p>
<p>${escapeHtml(store)}</p>
</div>
`,
  };
}

/** Text as it stands in HTML, in attributes too. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A subject is one line of no great length: a name can't begin another header. */
function oneLine(text: string): string {
  return [...text.replace(/\s+/g, " ")].slice(0, 150).join("");
}
