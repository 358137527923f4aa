/** What a page shows of a refused form: why in one sentence, and by field. */
export interface FormErrors {
  summary: string;
  fields: Record<string, string>;
}

export const NO_ERRORS: FormErrors = { summary: "", fields: {} };

/** Faults that the console itself finds. */
export function faults(summary: string, fields: Record<string, string> = {}): FormErrors {
  return { summary, fields };
}
