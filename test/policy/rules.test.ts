import type { Tree } from '../../lib/platform/tree';
import { checkTrees } from '../../lib/policy/check-trees';
import { formatProblems, type RuleSet } from '../../lib/policy/problem';
import { RULES } from '../../lib/policy/rules';
import { FIXTURES } from './fixtures';
import type { Fixture } from './fixtures/fixture';
import { VALID } from './fixtures/valid';
import { otherTree, validTree } from './valid-tree';

const NAMES = [...RULES.rules, ...RULES.clusterRules].map(({ name }) => name);

test('a valid tree, alone and beside another platform, has no problem', () => {
  expect(formatProblems(checkTrees([validTree()]))).toBe('');
  expect(formatProblems(checkTrees([validTree(), otherTree()]))).toBe('');
});

test.each(VALID)('%s has no problem', (_, change) => {
  const tree = validTree();
  change(tree);
  expect(formatProblems(checkTrees([tree]))).toBe('');
});

describe.each(NAMES)('%s', (name) => {
  const fixtures = FIXTURES.filter(({ rule }) => rule === name);

  test('has fixtures', () => {
    expect(fixtures).not.toHaveLength(0);
  });

  test.each(fixtures)('refuses $wrong, naming object, value and way out', (fixture) => {
    const problems = checkTrees(treesOf(fixture));
    expect([...new Set(problems.map(({ rule }) => rule))]).toEqual([name]);
    const said = problems.filter(
      ({ place }) =>
        place.endsWith(fixture.object) || (fixture.object.endsWith('/') && place.includes(` ${fixture.object}`)),
    );
    expect(said.map(({ message }) => message)).toContainEqual(expect.stringContaining(fixture.value));
    for (const { message } of problems) {
      expect(message).toMatch(/^[^;]+; .*[^.]$/s);
    }
  });

  test('alone finds what its fixtures hold', () => {
    for (const fixture of fixtures) {
      expect(formatProblems(checkTrees(treesOf(fixture), without(name)))).toBe('');
    }
  });
});

function treesOf({ change, beside }: Fixture): Tree[] {
  const tree = validTree();
  change(tree);
  if (beside === undefined) {
    return [tree];
  }
  const other = otherTree();
  beside(other);
  return [tree, other];
}

function without(name: string): RuleSet {
  return {
    rules: RULES.rules.filter((rule) => rule.name !== name),
    clusterRules: RULES.clusterRules.filter((rule) => rule.name !== name),
  };
}
