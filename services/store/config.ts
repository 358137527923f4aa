import { data } from "../shared/config.ts";

/** The settings of the store service. It calls no neighbour. */
export const settings = { ...data };
