import { catalogueTexts } from "./texts/catalogue.ts";
import { frameTexts } from "./texts/frame.ts";
import { orderTexts } from "./texts/orders.ts";
import { peopleTexts } from "./texts/people.ts";
import { signInTexts } from "./texts/sign_in.ts";
import { storeTexts } from "./texts/stores.ts";

/** Every text that the console shows of its own, by page. What the gateway says (names, refusals) comes from there. */
export const texts = {
  ...frameTexts,
  ...signInTexts,
  ...catalogueTexts,
  ...orderTexts,
  ...peopleTexts,
  ...storeTexts,
};
