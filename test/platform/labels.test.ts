import { COMPONENT_LABEL, NAME_LABEL, PART_OF_LABEL, selectorLabels } from '../../lib/platform/labels';

// Kubernetes, "Recommended Labels". Selectors are immutable: a change here is refused by every running cluster.
test('labels are the ones that Kubernetes recommends', () => {
  expect({ NAME_LABEL, PART_OF_LABEL, COMPONENT_LABEL }).toEqual({
    NAME_LABEL: 'app.kubernetes.io/name',
    PART_OF_LABEL: 'app.kubernetes.io/part-of',
    COMPONENT_LABEL: 'app.kubernetes.io/component',
  });
});

test('a workload is selected by its name and its platform, and by nothing that may ever change', () => {
  expect(selectorLabels('honeydue', 'api')).toEqual({
    'app.kubernetes.io/name': 'api',
    'app.kubernetes.io/part-of': 'honeydue',
  });
});
