/** What examples and templates have where a secret belongs. */
const PLACEHOLDER =
  /change.?(me|this|it)|replace.?(me|this)|your.?(own|jwt|super)?.?(secret|key)|placeholder|secret.?key|default/i;

/** Says why a secret can be guessed, or undefined when it looks random enough. */
export function weakness(secret: string): string | undefined {
  if (secret.length < 32) return `it has ${secret.length} characters and must have at least 32`;
  const different = new Set(secret).size;
  if (different < 12) return `it has only ${different} different characters and must have at least 12`;
  if (/^(.{1,16}?)\1+$/s.test(secret)) return "it repeats itself";
  if (PLACEHOLDER.test(secret)) return "it reads like an example's";
  return undefined;
}
