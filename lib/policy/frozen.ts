import { defineRule } from './define-rule';
import { frozenFacts } from './frozen-facts';

/**
 * Every recorded fact is as it was, or is released with a reason. A release speaks of the change from one value: it
 * excuses no later one, and it is stale while that value still stands.
 */
export const frozen = defineRule(
  'frozen',
  ({ tree }, report) => {
    const now = frozenFacts(tree);
    const { released } = tree.frozen;
    for (const [fact, was] of Object.entries(tree.frozen.facts)) {
      const excused = released.some((release) => release.fact === fact && release.was === was);
      if (now[fact] !== was && !excused) {
        const value = now[fact] === undefined ? 'gone' : `"${now[fact]}" now`;
        const wayOut = 'bring it back, or release the fact with a reason in frozen.yaml once its data is safe';
        report({}, `${fact} was "${was}" and is ${value}`, wayOut);
      }
    }
    for (const { fact, reason, was } of released) {
      if (reason.trim() === '') {
        report({}, `the release of ${fact} has no reason`, 'say why its data is safe');
      }
      if (was === now[fact]) {
        report({}, `${fact} is released but still "${was}"`, 'remove the release from frozen.yaml');
      }
    }
  },
  { absolute: true },
);
