import { agents } from "./agents";
import { alerts } from "./alerts";
import { budget } from "./budget";
import { feed } from "./feed";
import { files } from "./files";
import { members } from "./members";
import { missions } from "./missions";
import { notices } from "./notices";
import { runs } from "./runs";
import { search } from "./search";
import { shell } from "./shell";

/** Every word of the pages; a part is what one region of the page says. */
export const en = {
  ...shell,
  ...missions,
  ...members,
  ...files,
  ...agents,
  ...runs,
  ...feed,
  ...budget,
  ...alerts,
  ...notices,
  ...search,
};

export type Catalogue = typeof en;
