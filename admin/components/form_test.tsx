import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { renderToString } from "preact-render-to-string";
import { Form } from "./form.tsx";
import { Place } from "./place.ts";

/** The components and pages of the console, by path. */
function* sources(folder: string): Generator<[path: string, text: string]> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (/\.tsx$/.test(name)) yield [path, Deno.readTextFileSync(path)];
  }
}

describe("Form", () => {
  const rendered = (action?: string) =>
    renderToString(
      <Place.Provider value={{ url: new URL("http://localhost/orders?status=paid&store=b"), store: "a" }}>
        <Form {...(action ? { action } : {})}>{null}</Form>
      </Place.Provider>,
    );

  it("goes to its own page, or where it is told to, in the store that the page shows", () => {
    expect(rendered()).toContain('action="/orders?status=paid&amp;store=a"');
    expect(rendered("/views")).toContain('action="/views?store=a"');
    expect(renderToString(<Form>{null}</Form>)).toBe('<form method="post"></form>');
  });

  it("is what every form is made by that posts", () => {
    const admin = new URL("..", import.meta.url).pathname;
    const found = ["components", "islands", "routes"].flatMap((folder) => [...sources(`${admin}${folder}`)])
      .filter(([path]) => !/\/form(_test)?\.tsx$/.test(path))
      .flatMap(([path, text]) => [...text.matchAll(/<form\b[^>]*>/g)].map(([tag]) => `${path} ${tag}`));
    expect(found.length).toBeGreaterThan(2);
    expect(found.filter((tag) => !tag.includes('method="get"'))).toEqual([]);
  });
});
