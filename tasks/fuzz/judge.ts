import { ERROR_CODES } from "../../services/gateway/error_codes.ts";
import { MARKUP } from "./values.ts";

/** An answer, as it is judged. */
export interface FuzzAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const MEMBERS = ["type", "title", "status", "detail", "instance", "code", "request_id"];

/** What is wrong with an answer; undefined if nothing is. */
export function judge({ status, type, text }: FuzzAnswer): string | undefined {
  if (status >= 500) return `${status} ${text.slice(0, 300)}`;
  if (type.includes("text/html") && text.includes(MARKUP)) return "reflected HTML";
  if (status < 400) return undefined;
  if (text === "") return `${status} without a problem`;
  if (!type.startsWith("application/problem+json")) return `${status} is ${type || "of no type"}`;
  const problem = parsed(text);
  const missing = MEMBERS.filter((name) => problem?.[name] === undefined);
  if (!problem || missing.length) return `${status} lacks ${missing.join(", ")}`;
  if (problem.status !== status) return `${status} says ${problem.status}`;
  const code = String(problem.code);
  if (!ERROR_CODES[status]?.[code]) return `${status} has the code ${code}, which is not in the table`;
  if (/\bat \w+.*\.ts:\d+|select .* from |ECONNREFUSED|127\.0\.0\.1:\d+/i.test(String(problem.detail))) {
    return `${status} tells of the inside: ${problem.detail}`;
  }
  return undefined;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
