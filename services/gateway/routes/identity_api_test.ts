import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { call, type Caller, hire, openStore, operator, type ProblemBody, signUp } from "../testing.ts";

interface Session {
  id: string;
  ip: string;
  user_agent: string;
  current: boolean;
}

const admin = await operator();
const browser = (name: string) => ({ headers: { "user-agent": name } });
const login = async (email: string, password: string, caller: Caller = {}) =>
  (await call<{ access_token: string }>(caller, "POST", "/auth/login", { email, password })).body.access_token;
const me = async (token: string) => (await call({ token }, "GET", "/users/me")).status;
const sessionsOf = async (caller: Caller, id = "me") =>
  (await call<{ data: Session[] }>(caller, "GET", `/users/${id}/sessions`)).body.data;

describe("/users/me/sessions", () => {
  it("tells where one is signed in, and ends one at once, or all others", async () => {
    const person = await signUp(browser("First/1"));
    const tokens = [];
    for (const name of ["Second/1", "Third/1"]) {
      tokens.push(await login(person.email, person.password, browser(name)));
    }
    const [second = "", third = ""] = tokens;
    const listed = await sessionsOf(person);
    expect(listed.map(({ user_agent, current, ip }) => [user_agent, current, ip])).toEqual([
      ["Third/1", false, "127.0.0.0/24"],
      ["Second/1", false, "127.0.0.0/24"],
      ["First/1", true, "127.0.0.0/24"],
    ]);
    for (const token of [second, third]) expect(await me(token)).toBe(200);
    expect((await call(person, "DELETE", `/users/me/sessions/${listed[1]?.id}`)).status).toBe(204);
    expect([await me(second), await me(third)]).toEqual([401, 200]);
    expect((await call(person, "DELETE", "/users/me/sessions")).status).toBe(204);
    expect([await me(third), await me(person.token)]).toEqual([401, 200]);
    expect((await call(person, "DELETE", `/users/me/sessions/${listed[2]?.id}`)).status).toBe(204);
    expect(await me(person.token)).toBe(401);
  });

  it("is one's own: no stranger's, and none by another's id", async () => {
    const [one, two] = [await signUp(), await signUp()];
    const [theirs] = await sessionsOf(two);
    const refused = await call<ProblemBody>(one, "DELETE", `/users/me/sessions/${theirs?.id}`);
    expect([refused.status, refused.body.code]).toEqual([404, "session_not_found"]);
    expect((await call({}, "GET", "/users/me/sessions")).status).toBe(401);
    expect((await call(one, "GET", `/users/${two.id}/sessions`)).status).toBe(403);
    expect(await me(two.token)).toBe(200);
  });
});

describe("/users/{id}/sessions", () => {
  it("is for admins, and for managers of the own staff; ending is dead at once", async () => {
    const store = await openStore(admin);
    const [manager, support, customer] = [
      await hire(admin, store.id, "manager"),
      await hire(admin, store.id, "support"),
      await signUp({ store: store.slug }),
    ];
    const [session] = await sessionsOf(manager, support.id);
    expect((await call(manager, "DELETE", `/users/${support.id}/sessions/${session?.id}`)).status).toBe(204);
    expect(await me(support.token)).toBe(401);
    expect((await call(manager, "DELETE", `/users/${customer.id}/sessions`)).status).toBe(403);
    expect((await call(admin, "DELETE", `/users/${customer.id}/sessions`)).status).toBe(204);
    expect(await me(customer.token)).toBe(401);
    expect((await call(customer, "GET", `/users/${support.id}/sessions`)).status).toBe(401);
  });
});

describe("links in mails", () => {
  it("answer the same for any address, and refuse what was made up", async () => {
    const { email, token } = await signUp();
    const answers = [];
    for (const asked of [email, "nobody@nano.test", "no address"]) {
      const { status, body } = await call({}, "POST", "/auth/forgot-password", { email: asked });
      answers.push([status, body]);
    }
    expect(answers).toEqual(Array(3).fill([202, undefined]));
    const made = "x".repeat(43);
    for (
      const [path, body] of [
        ["/auth/reset-password", { token: made, password: "correct horse battery" }],
        ["/auth/verify-email", { token: made }],
        ["/invitations/check", { token: made }],
        ["/invitations/accept", { token: made, password: "correct horse battery" }],
      ] as const
    ) {
      const answer = await call<ProblemBody>({}, "POST", path, body);
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, "invalid_link"]);
    }
    const { body } = await call<{ email_verified: boolean }>({ token }, "GET", "/users/me");
    expect(body.email_verified).toBe(false);
    expect((await call({ token }, "POST", "/auth/verify-email/resend")).status).toBe(202);
    expect((await call({}, "POST", "/auth/verify-email/resend")).status).toBe(401);
  });
});

describe("/invitations", () => {
  it("are made, listed and taken back in the own store, in the contract's shape", async () => {
    const [store, other] = [await openStore(admin), await openStore(admin)];
    const manager = await hire(admin, store.id, "manager");
    const support = await hire(admin, store.id, "support");
    const input = { email: " Ada@Nano.Test ", store_id: store.id, role: "support" };
    const made = await call<{ id: string }>(manager, "POST", "/invitations", input);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      email: "ada@nano.test",
      store_id: store.id,
      role: "support",
      inviter_id: manager.id,
      expire_time: expect.stringMatching(/Z$/),
    });
    expect(JSON.stringify(made.body)).not.toContain("token");
    const list = async (caller: Caller) =>
      (await call<{ data: { id: string }[] }>(caller, "GET", "/invitations")).body.data?.map(({ id }) => id);
    expect(await list(manager)).toEqual([made.body.id]);
    expect(await list({ ...admin, store: other.slug })).toEqual([]);
    expect((await call(support, "POST", "/invitations", input)).status).toBe(403);
    expect((await call(support, "GET", "/invitations")).status).toBe(403);
    expect((await call({}, "POST", "/invitations", input)).status).toBe(401);
    const foreign = await call<ProblemBody>(manager, "POST", "/invitations", { ...input, store_id: other.id });
    expect([foreign.status, foreign.body.code]).toEqual([404, "store_not_found"]);
    const known = await call<ProblemBody>(manager, "POST", "/invitations", { ...input, admin: true });
    expect([known.status, known.body.code]).toEqual([400, "unknown_field"]);
    const path = `/invitations/${made.body.id}`;
    expect((await call(manager, "DELETE", path)).status).toBe(204);
    expect((await call(manager, "DELETE", path)).status).toBe(404);
    expect(await list(manager)).toEqual([]);
  });
});
