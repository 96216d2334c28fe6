import type { RuleException, Tree } from '../../lib/platform/tree';
import { checkTrees } from '../../lib/policy/check-trees';
import { RULES } from '../../lib/policy/rules';
import { all, type Change, set, setTree } from './change';
import { APP, CONTAINER, DATABASE, POD } from './fixtures/fixture';
import { validTree } from './valid-tree';

const ROOT_CAPABILITY = set(APP, `${CONTAINER}/securityContext/capabilities/add`, ['NET_ADMIN']);
const EXCEPTION = { rule: 'restricted-pods', object: APP, reason: 'it makes a tunnel' };

function changed(...changes: Change[]): Tree {
  const tree = validTree();
  all(...changes)(tree);
  return tree;
}

function except(...exceptions: RuleException[]): Change {
  return setTree('exceptions', exceptions);
}

test('an exception takes away what one rule says about one object', () => {
  expect(checkTrees([changed(ROOT_CAPABILITY)])).toHaveLength(1);
  expect(checkTrees([changed(ROOT_CAPABILITY, except(EXCEPTION))])).toEqual([]);
});

test.each([
  ['another object', { ...EXCEPTION, object: DATABASE }],
  ['another rule', { ...EXCEPTION, rule: 'probes' }],
  ['an object whose name only ends alike', { ...EXCEPTION, object: 'shop' }],
])('an exception for %s takes nothing away and is stale', (_, exception) => {
  const problems = checkTrees([changed(ROOT_CAPABILITY, except(exception))]);
  expect(problems.map(({ rule }) => rule).sort()).toEqual(['restricted-pods', 'stale-exception']);
});

test('an exception that is not needed any more says so', () => {
  expect(checkTrees([changed(except(EXCEPTION))])).toEqual([
    {
      rule: 'stale-exception',
      place: 'shop prod',
      message:
        'the exception of Deployment/shop from restricted-pods is not needed any more; remove it from the platform',
    },
  ]);
});

test('an exception of one environment does not reach another one', () => {
  const dev = changed(ROOT_CAPABILITY, setTree('cluster/name', 'beta'));
  const problems = checkTrees([changed(ROOT_CAPABILITY, except(EXCEPTION)), dev]);
  expect(problems.map(({ rule }) => rule)).toContain('restricted-pods');
});

test('an exception without a reason is refused and takes nothing away', () => {
  const problems = checkTrees([changed(ROOT_CAPABILITY, except({ ...EXCEPTION, reason: ' ' }))]);
  expect(problems.map(({ rule }) => rule).sort()).toEqual(['refused-exception', 'restricted-pods']);
  expect(problems.map(({ message }) => message)).toContain(
    'the exception of Deployment/shop from restricted-pods has no reason; say why it cannot be otherwise',
  );
});

test('an exception from a rule that is none names those that are', () => {
  const [problem] = checkTrees([changed(except({ ...EXCEPTION, rule: 'restricted-pod' }))]);
  expect(problem).toMatchObject({ rule: 'refused-exception' });
  expect(problem?.message).toContain('"restricted-pod", which is no rule; name one of ');
  expect(problem?.message).toContain('restricted-pods');
});

const ABSOLUTE = [...RULES.rules.filter(({ absolute }) => absolute), ...RULES.clusterRules].map(({ name }) => name);

test('the rules that keep data and secrets know no exceptions', () => {
  expect(ABSOLUTE).toEqual(
    expect.arrayContaining(['unique-identity', 'data-in-base', 'no-force', 'no-secrets', 'retained-volumes', 'frozen']),
  );
});

test.each(ABSOLUTE)('an exception from %s is refused', (rule) => {
  expect(checkTrees([changed(except({ ...EXCEPTION, rule }))])).toEqual([
    expect.objectContaining({ rule: 'refused-exception', message: expect.stringContaining(`rule ${rule} knows no`) }),
  ]);
});

test('a refused exception leaves the problem of an absolute rule standing', () => {
  const literal = set(APP, `${CONTAINER}/env/0`, { name: 'PGPASSWORD', value: 'hunter2' });
  const problems = checkTrees([changed(literal, except({ ...EXCEPTION, rule: 'no-secrets' }))]);
  expect(problems.map(({ rule }) => rule).sort()).toEqual(['no-secrets', 'refused-exception']);
});

test('everything that is wrong is said at once', () => {
  const tree = changed(
    set(APP, `${POD}/hostNetwork`, true),
    set(DATABASE, 'spec/replicas', 3),
    setTree('frozen/facts/namespace', 'shop'),
  );
  expect(
    checkTrees([tree])
      .map(({ rule }) => rule)
      .sort(),
  ).toEqual(['frozen', 'restricted-pods', 'single-writer']);
});

test('a problem shows no more than four characters of a secret', () => {
  const tree = changed(set(APP, `${CONTAINER}/env/0`, { name: 'DB_PASSWORD', value: 'correct horse battery staple' }));
  const [problem] = checkTrees([tree]);
  expect(problem?.message).toContain('"corr…"');
  expect(problem?.message).not.toContain('corre');
});
