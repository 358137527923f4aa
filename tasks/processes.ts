/**
 * The one table of the shop's processes: what each is, where it listens, whom it calls, what it may read.
 * `deno task start`, the image and the tests all take a process's environment and Deno permissions from here.
 */

/** The six services that own data, in the order of their ports. */
export const SERVICES = ["user", "product", "cart", "order", "payment", "store"] as const;

/** One of the six. */
export type ServiceName = typeof SERVICES[number];
/** What speaks gRPC: the services, and the one process that sends webhooks and fetches images for them. */
export type NeighbourName = ServiceName | "deliver";
/** Any process of the shop. */
export type ProcessName = NeighbourName | "gateway" | "admin";
/** Variables by name. */
export type Environment = Readonly<Record<string, string>>;

/** One row of the table. */
export interface Process {
  readonly name: ProcessName;
  /** The file that `deno run` starts. */
  readonly main: string;
  /** gRPC for a service, public HTTP for the gateway and the admin. */
  readonly port: number;
  /** Health and metrics. */
  readonly httpPort: number;
  /** Those it calls; each gives it `<NAME>_SERVICE_URL` and leave to connect there, nowhere else. */
  readonly neighbours: readonly NeighbourName[];
  /** Whether it has a schema and a login of its own. */
  readonly database: boolean;
  readonly redis: boolean;
  /** Native code (argon2), so `--allow-ffi`. */
  readonly ffi: boolean;
  /** Whether it may connect to any address: as what sends webhooks does, which has nothing else for that. */
  readonly openNet?: boolean;
  /** Variables it may read beyond those that all read. */
  readonly variables: readonly string[];
  /** Files it may read beyond its libraries; a service's default are the .proto sources. */
  readonly reads?: readonly string[];
}

const TOKENS = ["JWT_SECRET", "JWT_EXPIRATION"];

/** How much is let through, each by a setting of its own. */
const RATE_LIMITS = [
  "LOGIN_ACCOUNT",
  "LOGIN_ADDRESS",
  "REGISTER",
  "MAIL",
  "LINK",
  "EXPORT",
  "CHECKOUT",
  "READ",
  "WRITE",
  "GUEST_NETWORK",
  "GUEST_NETWORK_READ",
  "CREDENTIALS",
  "ADMIN",
].map((name) => `RATE_LIMIT_${name}`);

/** What bounds the connections of a public port. */
const CONNECTIONS = ["CONNECTION_LIMIT", "CONNECTION_HEAD_SECONDS", "CONNECTION_IDLE_SECONDS"];

/** How mail goes out, and where its links lead. */
const MAIL = ["SMTP_URL", "MAIL_FROM", "MAIL_DIR", "ADMIN_URL", "STOREFRONT_URL"];

/** What Fresh asks for, to name its build. */
const BUILD_NAMES = ["DENO_DEPLOYMENT_ID", "GITHUB_SHA", "CI_COMMIT_SHA"];

/** The table. */
export const PROCESSES: readonly Process[] = [
  service("user", 50051, 8001, ["store", "cart", "order", "payment"], {
    ffi: true,
    variables: [...TOKENS, "ADMIN_EMAIL", "ADMIN_PASSWORD", ...MAIL],
  }),
  service("product", 50052, 8002, ["store", "deliver", "order"], { variables: ["DATABASE_REPLICA_URL"] }),
  service("cart", 50053, 8003, ["product", "store"], { redis: true }),
  service("order", 50054, 8004, ["cart", "product", "store", "payment"]),
  service("payment", 50055, 8005, ["order", "store"], {
    variables: ["TEST_PAYMENTS", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"],
  }),
  service("store", 50056, 8006, ["deliver"]),
  {
    name: "deliver",
    main: "services/store/deliver.ts",
    port: 50057,
    httpPort: 8009,
    neighbours: [],
    database: false,
    redis: false,
    ffi: false,
    openNet: true,
    variables: ["WEBHOOK_ALLOW_PRIVATE"],
  },
  {
    name: "gateway",
    main: "services/gateway/main.ts",
    port: 8000,
    httpPort: 8007,
    neighbours: SERVICES,
    database: false,
    redis: true,
    ffi: false,
    variables: [
      ...TOKENS,
      "JWT_SECRET_PREVIOUS",
      "CORS_ORIGINS",
      "TRUSTED_PROXIES",
      "RATE_LIMIT_SCALE",
      ...RATE_LIMITS,
      ...CONNECTIONS,
    ],
  },
  {
    name: "admin",
    main: "admin/serve.ts",
    port: 8080,
    httpPort: 8008,
    // A client of the gateway like any other, over HTTP: GATEWAY_URL.
    neighbours: [],
    database: false,
    redis: false,
    ffi: false,
    variables: ["GATEWAY_URL", "JWT_SECRET", "JWT_SECRET_PREVIOUS", ...CONNECTIONS, ...BUILD_NAMES],
    reads: ["./admin/_fresh", "./admin/static"],
  },
];

/** FAILPOINTS is for tests: `deno task start` never sets it. */
const COMMON = ["ENVIRONMENT", "LOG_LEVEL", "DEBUG", "HOST", "PORT", "HTTP_PORT", "FAILPOINTS"];
const DATABASE = ["DATABASE_URL", "DATABASE_DIRECT_URL"];

/** What libraries ask of the system: pino the host's name, gRPC's loader the user, graphile-worker the home folder. */
const SYSTEM = ["hostname", "uid", "homedir"];

/** What the loader of native code asks, to choose the right build. */
const NATIVE_SYSTEM = ["cpus", "networkInterfaces"];

function service(
  name: ServiceName,
  port: number,
  httpPort: number,
  neighbours: readonly NeighbourName[],
  more: Partial<Pick<Process, "redis" | "ffi" | "variables">> = {},
): Process {
  const main = `services/${name}/main.ts`;
  return { name, main, port, httpPort, neighbours, database: true, redis: false, ffi: false, variables: [], ...more };
}

/** Finds a row by name. */
export function processNamed(name: ProcessName): Process {
  const found = PROCESSES.find((process) => process.name === name);
  if (!found) throw new Error(`Cannot find process "${name}" as the table has only: ${processNames().join(", ")}`);
  return found;
}

/** All names, in start order: services first, the public door last. */
export function processNames(): ProcessName[] {
  return PROCESSES.map((process) => process.name);
}

/** The variable that names a neighbour's address (host:port). */
export function neighbourVariable(name: NeighbourName): string {
  return `${name.toUpperCase()}_SERVICE_URL`;
}

/** Every variable that a process may read; the rest is undefined to it. */
export function environmentNames(process: Process): string[] {
  return [
    ...COMMON,
    ...(process.database ? DATABASE : []),
    ...(process.redis ? ["REDIS_URL"] : []),
    ...process.neighbours.map(neighbourVariable),
    ...(speaksGrpc(process) ? ["TLS_DIR"] : []),
    ...process.variables,
  ];
}

/** Whether a process calls or serves gRPC, so that it has a certificate where there is TLS: all but the admin. */
export function speaksGrpc(process: Process): boolean {
  return process.name !== "admin";
}

/**
 * Whether a variable is OpenTelemetry's: Deno itself reads these, and its exporter needs no permission. A process gets
 * them, but may not read them, as one may hold a collector's key.
 */
export function isTelemetry(name: string): boolean {
  return name.startsWith("OTEL_");
}

/**
 * How a process that exports spans calls itself, and which it exports unless it is told: OpenTelemetry's default, where
 * Deno's own would export all, even those that we leave out by an unsampled parent (services/shared/trace.ts).
 */
export function telemetryOf(name: ProcessName | "migrate"): Environment {
  return { OTEL_SERVICE_NAME: name, OTEL_TRACES_SAMPLER: "parentbased_always_on" };
}

/** Cuts a larger environment down to what a process may read, and what Deno reads of OpenTelemetry for it. */
export function environmentFor(process: Process, all: Readonly<Record<string, string | undefined>>): Environment {
  const telemetry = Object.keys(all).filter(isTelemetry);
  const entries = [...environmentNames(process), ...telemetry].map((name) => [name, all[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => Boolean(entry[1])));
}

/** The least Deno permissions with which a process can do its work in the given environment. */
export function denoFlags(process: Process, environment: Environment): string[] {
  const reads = ["./node_modules", ...process.reads ?? []];
  // Readiness compares the database with the names of the release's migrations.
  if (process.database) reads.push(`./db/migrations/${process.name}`);
  // Its own certificate and key; another's are hidden from it.
  if (speaksGrpc(process) && environment.TLS_DIR) reads.push(environment.TLS_DIR);
  // Development's mails, as files. The one folder that any process may write.
  const mails = process.variables.includes("MAIL_DIR") && environment.ENVIRONMENT !== "production" &&
      !environment.SMTP_URL && environment.MAIL_DIR
    ? [environment.MAIL_DIR]
    : [];
  reads.push(...mails);
  // gRPC reflection serves the .proto sources.
  if (environment.ENVIRONMENT !== "production" && !process.openNet && !process.reads) reads.push("./proto");
  return [
    "--no-prompt",
    process.openNet ? "--allow-net" : `--allow-net=${addresses(process, environment).join(",")}`,
    `--allow-env=${environmentNames(process).join(",")}`,
    "--ignore-env",
    `--allow-read=${reads.join(",")}`,
    "--ignore-read",
    ...mails.map((folder) => `--allow-write=${folder}`),
    `--allow-sys=${[...SYSTEM, ...(process.ffi ? NATIVE_SYSTEM : [])].join(",")}`,
    ...(process.ffi ? ["--allow-ffi=./node_modules"] : []),
  ];
}

/** The arguments of `deno` that start a process. */
export function denoArguments(process: Process, environment: Environment): string[] {
  return ["run", "--quiet", "--cached-only", ...denoFlags(process, environment), process.main];
}

/** Where a process may listen and connect: itself, its database, its cache, its neighbours. */
function addresses(process: Process, environment: Environment): string[] {
  const host = environment.HOST || "127.0.0.1";
  const found = [
    `${host}:${environment.PORT || process.port}`,
    `${host}:${environment.HTTP_PORT || process.httpPort}`,
  ];
  for (const name of ["DATABASE_URL", "DATABASE_DIRECT_URL", "DATABASE_REPLICA_URL"]) {
    if (environmentNames(process).includes(name) && environment[name]) found.push(hostPort(environment[name], 5432));
  }
  if (process.redis && environment.REDIS_URL) found.push(hostPort(environment.REDIS_URL, 6379));
  if (process.variables.includes("STRIPE_SECRET_KEY") && environment.STRIPE_SECRET_KEY) {
    found.push("api.stripe.com:443");
  }
  if (process.variables.includes("GATEWAY_URL") && environment.GATEWAY_URL) {
    found.push(hostPort(environment.GATEWAY_URL, environment.GATEWAY_URL.startsWith("https:") ? 443 : 80));
  }
  if (process.variables.includes("SMTP_URL") && environment.SMTP_URL) found.push(smtpServer(environment.SMTP_URL));
  for (const neighbour of process.neighbours) {
    const address = environment[neighbourVariable(neighbour)];
    found.push(...(address ?? "").split(",").filter(Boolean).flatMap(grpcAddresses));
  }
  return [...new Set(found)];
}

/**
 * gRPC looks a name up and connects to what it finds, a pod's address today and another tomorrow: then leave is
 * given for that port, and the cluster's network policies say where it is.
 */
function grpcAddresses(address: string): string[] {
  const [host = "", port = ""] = address.split(":");
  return /^\d+(\.\d+){3}$/.test(host) ? [address] : [host, `0.0.0.0/0:${port}`];
}

/** With the ports that nodemailer takes where the URL names none. */
function smtpServer(url: string): string {
  return hostPort(url, url.startsWith("smtps:") ? 465 : 587);
}

function hostPort(url: string, defaultPort: number): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || defaultPort}`;
}
