import { createContext } from "preact";

/** Where a page of the console stands: the address and the store's id that its forms are sent to. */
export const Place = createContext<{ url: URL; store: string } | undefined>(undefined);
