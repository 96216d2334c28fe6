import type { LabelSelector, Strings } from './objects';

/**
 * Whether a selector takes something with these labels, as the API server decides it. An empty selector takes all;
 * a missing one takes nothing.
 */
export function selects(selector: LabelSelector | undefined, labels: Strings): boolean {
  if (selector === undefined) {
    return false;
  }
  const { matchLabels = {}, matchExpressions = [] } = selector;
  for (const key in matchLabels) {
    if (labels[key] !== matchLabels[key]) {
      return false;
    }
  }
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      default:
        return value === undefined;
    }
  });
}

/** Whether a selector asks for nothing, and so takes everything. */
export function isEmpty(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}
