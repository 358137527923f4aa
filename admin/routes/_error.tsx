import { HttpError, type PageProps } from "fresh";
import { ErrorPage } from "../components/error_page.tsx";

/** The last resort: what the boundary itself could not render. */
export default function LastResort({ error }: PageProps) {
  return <ErrorPage status={error instanceof HttpError ? error.status : 500} />;
}
