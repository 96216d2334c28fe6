import type { WrittenSecret } from './config-repository';

/** A Secret as a person writes it. */
export function secret(
  namespace: string,
  name: string,
  stringData: Readonly<Record<string, string>>,
  type = 'Opaque',
): WrittenSecret {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type, stringData };
}

/** A Secret with which images are pulled from a registry; nobody asks for its password here. */
export function pullSecret(namespace: string, name: string, registry: string): WrittenSecret {
  const auths = { [registry]: { username: 'deploy', password: 'e2e' } };
  return secret(namespace, name, { '.dockerconfigjson': JSON.stringify({ auths }) }, 'kubernetes.io/dockerconfigjson');
}
