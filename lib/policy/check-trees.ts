import type { RuleException, Tree } from '../platform/tree';
import { placeOf } from './place';
import type { Problem, RuleSet } from './problem';
import { RULES } from './rules';

/**
 * Runs every rule over every tree. A stated exception takes away the problems of one rule with one object; one that
 * takes nothing away, gives no reason, or is of a rule that knows no exceptions, is a problem itself.
 *
 * @param rules @default - every rule of the project
 */
export function checkTrees(trees: readonly Tree[], rules: RuleSet = RULES): Problem[] {
  return [
    ...trees.flatMap((tree) => checkTree(tree, rules)),
    ...rules.clusterRules.flatMap((rule) => rule.check(trees)),
  ];
}

function checkTree(tree: Tree, rules: RuleSet): Problem[] {
  const problems = rules.rules.flatMap((rule) => rule.check(tree));
  if (tree.exceptions.length === 0) {
    return problems;
  }
  const refused = tree.exceptions.flatMap((exception) => refusal(tree, exception, rules));
  const accepted = tree.exceptions.filter((exception) => refusal(tree, exception, rules).length === 0);
  const stale = accepted
    .filter((exception) => !problems.some((problem) => covers(exception, problem)))
    .map(({ rule, object }) => {
      const wrong = `the exception of ${object} from ${rule} is not needed any more`;
      return { rule: 'stale-exception', place: placeOf(tree, {}), message: `${wrong}; remove it from the platform` };
    });
  return [
    ...problems.filter((problem) => !accepted.some((exception) => covers(exception, problem))),
    ...refused,
    ...stale,
  ];
}

function covers({ rule, object }: RuleException, problem: Problem): boolean {
  return problem.rule === rule && problem.place.endsWith(` ${object}`);
}

/** Why an exception is not accepted: at most one problem. */
function refusal(tree: Tree, { rule: name, object, reason }: RuleException, rules: RuleSet): Problem[] {
  const rule = rules.rules.find((each) => each.name === name);
  const refuse = (message: string) => [{ rule: 'refused-exception', place: placeOf(tree, {}), message }];
  if (rules.clusterRules.some((each) => each.name === name) || rule?.absolute) {
    return refuse(`rule ${name} knows no exceptions, but ${object} is to be one; change the object`);
  }
  if (rule === undefined) {
    const known = rules.rules.filter(({ absolute }) => !absolute).map((each) => each.name);
    return refuse(`an exception of ${object} is from "${name}", which is no rule; name one of ${known.join(', ')}`);
  }
  return reason.trim() === ''
    ? refuse(`the exception of ${object} from ${name} has no reason; say why it cannot be otherwise`)
    : [];
}
