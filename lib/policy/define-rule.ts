import { placeOf, type Where } from './place';
import type { Problem, Rule } from './problem';
import { type TreeView, viewOf } from './tree-view';

/**
 * Notes a problem.
 *
 * @param wrong what is wrong, with the value
 * @param wayOut what to do about it
 */
export type Report = (where: Where, wrong: string, wayOut: string) => void;

/** A rule that looks at each tree through the view that all rules share. */
export function defineRule(
  name: string,
  check: (view: TreeView, report: Report) => void,
  options: Pick<Rule, 'absolute'> = {},
): Rule {
  return {
    name,
    ...options,
    check(tree) {
      const problems: Problem[] = [];
      check(viewOf(tree), (where, wrong, wayOut) => {
        problems.push({ rule: name, place: placeOf(tree, where), message: `${wrong}; ${wayOut}` });
      });
      return problems;
    },
  };
}
