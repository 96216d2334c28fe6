/** Why a statement may not run at every start, and the form that may. */
export interface Refusal {
  readonly wrong: string;
  readonly instead: string;
}

/** Shorthand for a refusal. */
export function refusal(wrong: string, instead: string): Refusal {
  return { wrong, instead };
}
