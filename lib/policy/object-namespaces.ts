import { defineRule } from './define-rule';

/** Kinds that have no namespace. */
const CLUSTER_SCOPED = new Set([
  'APIService',
  'CSIDriver',
  'ClusterIssuer',
  'ClusterImageCatalog',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'GatewayClass',
  'IngressClass',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'Namespace',
  'PersistentVolume',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
  'VolumeAttributesClass',
  'VolumeSnapshotClass',
]);

/**
 * Every namespaced object is in the platform's namespace, every other one in none, and Flux objects are where their
 * source is. Without a namespace an object lands wherever the client that applies it happens to point.
 */
export const objectNamespaces = defineRule(
  'object-namespaces',
  ({ tree, objects }, report) => {
    for (const where of objects) {
      const { kind, metadata } = where.manifest;
      if (CLUSTER_SCOPED.has(kind)) {
        if (metadata.namespace !== undefined) {
          report(where, `a ${kind} has no namespace but says "${metadata.namespace}"`, 'remove metadata.namespace');
        }
      } else if (metadata.namespace !== tree.namespace.name) {
        const wayOut = `write the platform's namespace "${tree.namespace.name}"`;
        report(
          where,
          `namespace is ${metadata.namespace === undefined ? 'missing' : `"${metadata.namespace}"`}`,
          wayOut,
        );
      }
    }
    const { namespace } = tree.cluster.flux.source;
    for (const manifest of tree.flux) {
      if (manifest.metadata.namespace !== namespace) {
        const where = { layer: { name: 'flux' }, manifest };
        report(where, `namespace is "${manifest.metadata.namespace}"`, `write "${namespace}", where the source is`);
      }
    }
  },
  { absolute: true },
);
