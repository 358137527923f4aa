/** What the gateway answers, as its /openapi.json has it. Fields are the contract's. */
import type { Permission } from "../services/shared/permissions.ts";

export interface Money {
  amount: number;
  currency: string;
}

/** A page of a list; `next_cursor` is null on the last. */
export interface Page<T> {
  data: T[];
  next_cursor: string | null;
  total?: number;
}

export interface StoreRole {
  store_id: string;
  role: "support" | "manager";
}

export interface User {
  id: string;
  email: string;
  name: string | null;
  role: "customer" | "admin";
  store_roles: StoreRole[];
  create_time: string;
}

/** The signed-in user, with permissions by store id; "*" stands for all stores. */
export interface Me extends User {
  email_verified: boolean;
  permissions: Record<string, Permission[]>;
}

export interface Tokens {
  user: User;
  access_token: string;
  expires_in: number;
  refresh_token: string;
}

export interface Store {
  id: string;
  slug: string;
  name: string;
  status: "active" | "suspended" | "closed";
  currency: string;
  currencies: string[];
  locale: string;
  country: string;
  tax: { rate_bp: number; included: boolean };
  /** Of the browsers' storefronts that may read answers; absent where there are none. */
  origins?: string[];
  create_time: string;
  update_time: string;
  version: number;
}

export interface Address {
  name: string;
  company?: string;
  line1: string;
  line2?: string;
  city: string;
  region?: string;
  postal_code: string;
  country: string;
  phone?: string;
}

export interface OrderItem {
  id: string;
  product_id: string;
  variant_id: string;
  sku: string;
  name: string;
  quantity: number;
  unit_price: Money;
  tax: Money;
  total: Money;
}

export interface Order {
  id: string;
  number: number;
  store_id: string;
  user_id?: string;
  email: string;
  status: string;
  payment_status: string;
  items: OrderItem[];
  subtotal: Money;
  discount: Money;
  shipping: Money;
  tax: Money;
  total: Money;
  shipping_address: Address;
  billing_address?: Address;
  note?: string;
  history: { from: string; to: string; actor: string; reason: string; time: string }[];
  expire_time?: string;
  create_time: string;
  version: number;
}

export interface Shipment {
  id: string;
  order_id: string;
  carrier: string;
  tracking_number: string;
  tracking_url?: string;
  items: { id: string; quantity: number }[];
  create_time: string;
}

export interface Payment {
  id: string;
  order_id: string;
  method: string;
  status: string;
  amount: Money;
  captured_amount: Money;
  refunded_amount: Money;
  failure_code?: string;
  create_time: string;
}

export interface PaymentSettings {
  capture: "automatic" | "manual";
}

export interface PaymentMethod {
  id: string;
  name: string;
  kind: string;
}

export interface Refund {
  id: string;
  payment_id: string;
  order_id: string;
  status: string;
  amount: Money;
  reason: string;
  items: { id: string; quantity: number }[];
  restock: boolean;
  create_time: string;
}

export interface Variant {
  id: string;
  sku: string;
  name: string;
  options: Record<string, string>;
  price: Money;
  available: number;
}

export interface Product {
  id: string;
  store_id: string;
  slug: string;
  name: string;
  description: string;
  status: "draft" | "active" | "archived";
  category?: { id: string; slug: string; name: string };
  attributes: Record<string, string>;
  images: { url: string; alt: string }[];
  price: Money;
  variants: Variant[];
  create_time: string;
  update_time: string;
  version: number;
}

export interface Category {
  id: string;
  slug: string;
  name: string;
  parent_id: string | null;
  product_count: number;
}

export interface Stock {
  on_hand: number;
  reserved: number;
  available: number;
}

/** One movement of a variant's stock. */
export interface Movement {
  id: number;
  kind: string;
  delta: number;
  reserved_delta: number;
  order_id?: string;
  reason: string;
  actor: string;
  time: string;
}

export interface Webhook {
  id: string;
  store_id: string;
  url: string;
  description: string;
  event_types: string[];
  status: "active" | "disabled";
  disabled_reason?: string;
  failing_since?: string;
  old_secret_expire_time?: string;
  create_time: string;
  update_time: string;
  version: number;
}

export interface WebhookDelivery {
  id: string;
  webhook_id: string;
  event_id: string;
  event_type: string;
  state: "pending" | "succeeded" | "failed";
  attempt: number;
  next_time?: string;
  create_time: string;
  /** Of one delivery, not in lists. */
  body?: string;
  attempts?: WebhookAttempt[];
}

export interface WebhookAttempt {
  id: string;
  time: string;
  url: string;
  request_headers: Record<string, string>;
  response_status?: number;
  response_start: string;
  duration_ms: number;
  error?: string;
}

interface By {
  /** "customer", "guest", "staff:<id>" or "system". */
  actor: string;
  actor_name?: string;
}

/** Something that happened to an order. */
export type TimelineEntry =
  & { time: string }
  & (
    | ({ kind: "status"; from: string; to: string; reason: string } & By)
    | ({ kind: "note"; id: string; text: string } & By)
    | { kind: "shipment"; shipment: Shipment }
    | { kind: "payment"; payment: Payment }
    | { kind: "refund"; refund: Refund }
  );

interface Figures {
  orders: number;
  revenue: Money;
  average_order: Money;
  new_customers: number;
}

export interface Day {
  day: string;
  orders: number;
  revenue: Money;
}

/** What an operator sees first; a number that can't be had now is null. */
export interface Home {
  to_do: Record<"orders_to_ship" | "payments_to_look_at" | "low_stock" | "failed_webhooks", number | null>;
  orders_by_status: Record<string, number> | null;
  today: Figures;
  last_30_days: Day[];
  previous_30_days: Figures & { days: Day[] };
  best_sellers: {
    product_id: string;
    variant_id: string;
    sku: string;
    name: string;
    quantity: number;
    revenue: Money;
  }[];
}

export interface LowStock {
  variant_id: string;
  product_id: string;
  sku: string;
  name: string;
  on_hand: number;
  reserved: number;
  available: number;
}

/** The top of each. */
export interface Found {
  orders: { id: string; number: number; email: string; status: string; total: Money }[];
  products: { id: string; name: string; status: string; price: Money }[];
  customers: { id: string; email: string; name: string | null }[];
}

/** What became of each object of a bulk change. */
export interface BulkResult {
  data: { id: string; ok: boolean; status?: string; code?: string; detail?: string }[];
  changed: number;
  refused: number;
}

/** What an import did or, as a dry run, would do. */
export interface ImportReport {
  dry_run: boolean;
  created: number;
  updated: number;
  unchanged: number;
  refused: { line: number; code: string; message: string }[];
  changes: { line: number; slug: string; sku?: string; field: string; from: string; to: string }[];
  changes_left_off: number;
}

/** A change of one row, as a service's audit log has it. */
export interface AuditEntry {
  id: string;
  service: string;
  time: string;
  /** "user:<id>", "guest", "anonymous", "service" or "owner". */
  actor: string;
  request_id: string;
  /** Where from, cut to /24 or /48; empty outside of requests. */
  network: string;
  table: string;
  row_id: string | null;
  store_id: string | null;
  action: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** An e-mail address and a password as typed. */
export interface Credentials {
  email: string;
  password: string;
}

/** The state of an operator's second factor. */
export interface Totp {
  enabled: boolean;
  required: boolean;
  recovery_codes_left: number;
}

/** What an authenticator app needs. */
export interface NewTotp {
  secret: string;
  uri: string;
}

/** A machine's key, without its secret. */
export interface ApiKey {
  id: string;
  store_id: string;
  kind: "publishable" | "secret";
  name: string;
  scopes: string[];
  prefix: string;
  last4: string;
  create_time: string;
  last_used_time: string | null;
  revoke_time: string | null;
}

/** The operator's rules for all staff. */
export interface PlatformSettings {
  require_totp: boolean;
  step_up_refund_amount: number;
}
