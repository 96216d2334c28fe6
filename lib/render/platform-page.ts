import type { Tree } from '../platform/tree';
import { code, table } from './markdown';
import { type Workload, workloads } from './workloads';

/** The page of a platform, a section for each environment: what runs, where its data lies, which secrets it expects, who talks to whom. */
export function platformPage(trees: readonly Tree[]): string {
  const name = trees[0]?.platform ?? '';
  const intro = `# ${name}\n\nKept current by \`make synth\` from \`platforms/${name}\`; do not edit.`;
  return `${[intro, ...trees.map(environmentSection)].join('\n\n')}\n`;
}

function environmentSection(tree: Tree): string {
  const running = workloads(tree);
  const parts = [
    `## ${tree.environment}\n\nCluster ${code(tree.cluster.name)}, namespace ${code(tree.namespace.name)}` +
      ` (${tree.namespace.owned ? 'its own' : 'shared with others'}).`,
    `### What runs\n\n${runsTable(running)}`,
    `### Where its data lies\n\n${dataTable(tree, running)}`,
    `### Secrets it expects\n\nWritten by people, encrypted, in ${code(`secrets/${tree.platform}/${tree.environment}/`)} of the config repository.\n\n${secretsTable(tree, running)}`,
    `### Who talks to whom\n\nEverything else is refused by NetworkPolicies; name look-ups are allowed to all that open connections.\n\n${flowDiagram(tree)}`,
    `### How Flux applies it\n\nAn arrow points to what is applied after, once the first is healthy at the same revision.\n\n${layerDiagram(tree)}`,
  ];
  if (tree.exceptions.length > 0) {
    const rows = tree.exceptions.map(({ rule, object, reason }) => [code(rule), code(object), reason]);
    parts.push(`### Exceptions from the rules\n\n${table(['Rule', 'Object', 'Reason'], rows)}`);
  }
  return parts.join('\n\n');
}

function runsTable(running: readonly Workload[]): string {
  const rows = running.map(({ object, layer, pod, often }) => {
    const main = pod.containers[0];
    const { requests, limits } = main?.resources ?? {};
    return [
      `${object.kind} ${code(object.metadata.name)}`,
      layer,
      often,
      code(main?.image ?? ''),
      `${requests?.cpu} CPU, ${requests?.memory} (limit ${limits?.memory})`,
      (pod.initContainers ?? []).map((each) => code(each.name)).join(', ') || '–',
    ];
  });
  return table(['Workload', 'Layer', 'How many, or when', 'Image', 'Requests', 'Before it starts'], rows);
}

function dataTable(tree: Tree, running: readonly Workload[]): string {
  const objects = tree.layers.flatMap((layer) => layer.objects);
  const claims = objects.filter(({ kind }) => kind === 'PersistentVolumeClaim');
  if (claims.length === 0) {
    return 'Nothing of it is kept on volumes.';
  }
  const rows = claims.map(({ metadata, spec }) => {
    const { volumeName, storageClassName } = spec as { volumeName?: string; storageClassName?: string };
    const volume = objects.find((each) => each.kind === 'PersistentVolume' && each.metadata.name === volumeName);
    const { nfs } = (volume?.spec ?? {}) as { nfs?: { server: string; path: string } };
    const place = nfs ? `NFS ${code(`${nfs.server}:${nfs.path}`)}` : `storage class ${code(storageClassName ?? '')}`;
    return [code(metadata.name), volumeName ? code(volumeName) : '–', place, usersOf(metadata.name, running)];
  });
  return table(['Claim', 'Volume', 'Where', 'Mounted by'], rows);
}

function usersOf(claim: string, running: readonly Workload[]): string {
  const uses = running.flatMap(({ object, pod }) => {
    const volume = pod.volumes?.find((each) => each.persistentVolumeClaim?.claimName === claim)?.name;
    const mounts = pod.containers.flatMap((each) => each.volumeMounts ?? []).filter((each) => each.name === volume);
    return mounts.map(
      ({ mountPath, subPath }) =>
        `${code(object.metadata.name)} at ${code(mountPath)}${subPath ? ` (folder ${code(subPath)})` : ''}`,
    );
  });
  return uses.join('\n') || 'nothing';
}

function secretsTable(tree: Tree, running: readonly Workload[]): string {
  const rows = tree.secrets.flatMap((secret) =>
    Object.entries(secret.keys).map(([key, holds]) => {
      const users = running.filter(({ pod }) => {
        const containers = [...pod.containers, ...(pod.initContainers ?? [])];
        const refs = containers.flatMap(({ env = [] }) => env.flatMap((each) => each.valueFrom?.secretKeyRef ?? []));
        return (
          refs.some((ref) => ref.name === secret.name && ref.key === key) ||
          pod.imagePullSecrets?.some(({ name }) => name === secret.name)
        );
      });
      return [code(secret.name), code(key), holds, users.map(({ object }) => code(object.metadata.name)).join(', ')];
    }),
  );
  return table(['Secret', 'Key', 'What it holds', 'Read by'], rows);
}

function flowDiagram({ flows }: Tree): string {
  const names = [...new Set(flows.flatMap(({ from, to }) => [from, to]))];
  const id = (name: string) => `n${names.indexOf(name)}`;
  return mermaid([
    ...names.map((name) => `${id(name)}["${name}"]`),
    ...flows.map(({ from, to, port }) => `${id(from)} -->|${port}| ${id(to)}`),
  ]);
}

function layerDiagram({ flux }: Tree): string {
  return mermaid(
    flux.flatMap(({ metadata, spec }) => {
      const { dependsOn = [] } = spec as { dependsOn?: readonly { readonly name: string }[] };
      return [`${metadata.name}["${metadata.name}"]`, ...dependsOn.map(({ name }) => `${name} --> ${metadata.name}`)];
    }),
  );
}

function mermaid(lines: readonly string[]): string {
  return ['```mermaid', 'flowchart LR', ...lines.map((line) => `  ${line}`), '```'].join('\n');
}
