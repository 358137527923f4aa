/** The files in which a machine names authorities beyond those that Deno knows: Deno's variable, Node's, OpenSSL's. */
const AUTHORITIES = ["DENO_CERT", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];

/** Where packages come from: as npm is configured, by its variable or its files, since Deno takes them from there too. */
export async function configuredRegistry(): Promise<string | undefined> {
  const named = Deno.env.get("NPM_CONFIG_REGISTRY") || Deno.env.get("npm_config_registry");
  if (named) return named;
  const asked = await new Deno.Command("npm", { args: ["config", "get", "registry"], stdin: "null", stderr: "null" })
    .output().catch(() => undefined);
  const registry = new TextDecoder().decode(asked?.stdout).trim();
  return URL.canParse(registry) ? registry : undefined;
}

/** A client that trusts this machine's authorities too. `deno audit` knows only those that came with Deno. */
export function trustingClient(): Deno.HttpClient {
  const files = AUTHORITIES.map((name) => Deno.env.get(name)).filter((file): file is string => Boolean(file));
  return Deno.createHttpClient({ caCerts: [...new Set(files)].flatMap(certificates) });
}

function certificates(file: string): string[] {
  try {
    return [Deno.readTextFileSync(file)];
  } catch {
    return []; // Then the connection itself says what is wrong.
  }
}
