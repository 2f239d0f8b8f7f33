/** The way of a caller through the menu, as far as an agent wants to know it. */
import type { IvrStep } from "../api/types";

/** Where the caller pressed or said something, and the last step: what was only passed was often not even heard. */
export const toldSteps = (path: readonly IvrStep[]): IvrStep[] =>
  path.filter((step, i) => Boolean(step.digits) || Boolean(step.said) || i === path.length - 1);
