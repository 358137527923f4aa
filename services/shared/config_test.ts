import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { base, data, jwtSecret, readConfig } from "./config.ts";

function from(variables: Record<string, string>) {
  return (name: string) => variables[name];
}

const ports = { PORT: "1", HTTP_PORT: "2" };

describe("readConfig()", () => {
  it("fills in defaults and turns text into values", () => {
    expect(readConfig(base, from(ports))).toEqual({
      ENVIRONMENT: "development",
      LOG_LEVEL: "INFO",
      DEBUG: false,
      HOST: "0.0.0.0",
      PORT: 1,
      HTTP_PORT: 2,
    });
  });

  it("names every variable at fault in one sentence", () => {
    expect(() => readConfig(data, from({ PORT: "many", LOG_LEVEL: "TRACE" }))).toThrow(
      /^Cannot start as settings are wrong: .*LOG_LEVEL: .*PORT: .*HTTP_PORT is required.*DATABASE_URL is required/,
    );
  });

  it("takes an empty variable for one that is not set", () => {
    expect(readConfig(base, from({ ...ports, LOG_LEVEL: "" })).LOG_LEVEL).toBe("INFO");
  });

  it("takes true and 1 for a switch that is on, and nothing but those, false and 0", () => {
    const debug = (value: string) => readConfig(base, from({ ...ports, DEBUG: value })).DEBUG;
    expect(["true", "1", "false", "0", ""].map(debug)).toEqual([true, true, false, false, false]);
    expect(() => debug("on")).toThrow("DEBUG: must be true or false");
  });

  it("refuses DEBUG in production", () => {
    expect(() => readConfig(base, from({ ...ports, ENVIRONMENT: "production", DEBUG: "true" }))).toThrow("DEBUG");
    expect(readConfig(base, from({ ...ports, DEBUG: "true" })).DEBUG).toBe(true);
  });

  it("refuses an address that is not PostgreSQL's, without telling it", () => {
    const url = "mysql://root:geheim@db/nano";
    const refusal = () => readConfig(data, from({ ...ports, DATABASE_URL: url }));
    expect(refusal).toThrow("DATABASE_URL");
    expect(refusal).not.toThrow("geheim");
  });
});

describe("jwtSecret", () => {
  for (
    const [name, value] of [["short", "kU7x"], ["without variety", "abcabcabc".repeat(10)], [
      "of one character",
      "a".repeat(64),
    ]] as const
  ) {
    it(`refuses a secret that is ${name}, without telling it`, () => {
      const refusal = () => readConfig({ JWT_SECRET: jwtSecret }, from({ JWT_SECRET: value }));
      expect(refusal).toThrow("JWT_SECRET");
      expect(refusal).not.toThrow(value);
    });
  }

  it("takes a random one", () => {
    const value = crypto.getRandomValues(new Uint8Array(32)).toHex();
    expect(readConfig({ JWT_SECRET: jwtSecret }, from({ JWT_SECRET: value }))).toEqual({ JWT_SECRET: value });
  });
});
