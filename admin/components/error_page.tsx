const MESSAGES: Record<number, string> = {
  403: "You may not do this.",
  404: "There is nothing here.",
};

/** What an operator sees in place of a page. */
export function ErrorPage({ status }: { status: number }) {
  return (
    <main>
      <h1>{MESSAGES[status] ?? "Something went wrong."}</h1>
      <p>
        <a href="/">Home</a>
      </p>
    </main>
  );
}
