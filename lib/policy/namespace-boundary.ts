import { NAME_LABEL, PART_OF_LABEL } from '../platform/labels';
import { defineRule, type Report } from './define-rule';
import { isSolverPolicy } from './http01-solver';
import type { NetworkPolicySpec } from './network-policy-spec';
import type { LabelSelector, Strings } from './objects';
import type { TreeView } from './tree-view';

/** Kinds that act on everything in a namespace. */
const NAMESPACE_WIDE = new Set(['LimitRange', 'Namespace', 'ResourceQuota']);

/**
 * A namespace that the platform owns is rendered; in one that exists nothing touches what others run there. An empty
 * selector in a shared namespace was seen to cut a stranger's pod off from its database.
 */
export const namespaceBoundary = defineRule('namespace-boundary', (view, report) => {
  if (view.tree.namespace.owned) {
    checkOwned(view, report);
  } else {
    checkShared(view, report);
  }
});

function checkOwned(view: TreeView, report: Report): void {
  const { name } = view.tree.namespace;
  for (const where of view.ofKind('Namespace')) {
    if (where.manifest.metadata.name !== name) {
      report(where, `namespace "${where.manifest.metadata.name}" is not the platform's`, `render "${name}" only`);
    }
  }
  if (view.named('Namespace', name).length === 0) {
    const wayOut = 'render it in base or say Namespace.existing';
    report({}, `namespace "${name}" is owned but no layer has Namespace/${name}`, wayOut);
  }
}

function checkShared(view: TreeView, report: Report): void {
  const { platform, namespace } = view.tree;
  for (const kind of NAMESPACE_WIDE) {
    for (const where of view.ofKind(kind)) {
      const wayOut = 'remove it or say Namespace.owned';
      report(where, `a ${kind} acts on all of namespace "${namespace.name}", which others use`, wayOut);
    }
  }
  for (const where of view.ofKind('NetworkPolicy')) {
    const { podSelector = {} } = (where.manifest.spec ?? {}) as NetworkPolicySpec;
    if (!isSolverPolicy(where) && podSelector.matchLabels?.[PART_OF_LABEL] !== platform) {
      const wrong = `podSelector ${JSON.stringify(podSelector)} may select pods of others`;
      report(where, wrong, `add ${PART_OF_LABEL}: ${platform}`);
    }
  }
  for (const where of view.ofKind('PodDisruptionBudget')) {
    const { selector } = (where.manifest.spec ?? {}) as { selector?: LabelSelector };
    checkOurs(selector?.matchLabels ?? {}, (wrong, wayOut) => report(where, wrong, wayOut), platform);
  }
  for (const where of view.services) {
    checkOurs(where.spec.selector ?? {}, (wrong, wayOut) => report(where, wrong, wayOut), platform);
  }
}

function checkOurs(labels: Strings, report: (wrong: string, wayOut: string) => void, platform: string): void {
  if (labels[PART_OF_LABEL] !== platform && labels[NAME_LABEL] === undefined) {
    report(`selector ${JSON.stringify(labels)} may select pods of others`, `add ${PART_OF_LABEL}: ${platform}`);
  }
}
