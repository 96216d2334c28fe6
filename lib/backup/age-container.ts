import { Size } from 'cdk8s';
import { Cpu, type k8s } from 'cdk8s-plus-28';
import type { SecretKey } from '../platform/secret-key';
import { type Mount, scratchMount } from '../pod/mount';
import { runEnv, runFolder } from './backup-folders';
import type { Backups } from './backups';
import type { ScriptContainer } from './script-containers';

/** Where the scripts look for `age`. */
const TOOLS = scratchMount('/tools', { size: Size.mebibytes(64) });

/** The folder with the private key, and the key's file in it. */
const IDENTITY_DIR = '/identity';
const IDENTITY_FILE = 'age.key';

/**
 * The container that copies `age` to where the postgres image's container finds it; none without encryption. Not an init
 * container: when its image cannot be pulled, the others start all the same and say so.
 */
export function ageContainers({ encryption }: Backups): ScriptContainer[] {
  if (encryption === undefined) {
    return [];
  }
  return [
    {
      name: 'age',
      image: encryption.image,
      program: 'provide.sh',
      args: ['age', encryption.program, TOOLS.path],
      env: runEnv,
      mounts: [TOOLS, runFolder],
      resources: { cpu: Cpu.millis(10), memory: Size.mebibytes(16), memoryLimit: Size.mebibytes(64) },
    },
  ];
}

/** What a container that runs `age` is told: another one of its pod provides it. */
export function ageEnv({ encryption }: Backups): k8s.EnvVar[] {
  return encryption === undefined ? [] : [{ name: 'AGE', value: 'container' }];
}

/** The program `age`, and the private key when there is one, for a container that runs them. */
export function ageMounts({ encryption }: Backups, identity?: SecretKey): Mount[] {
  if (encryption === undefined) {
    return [];
  }
  const tools = { ...TOOLS, readOnly: true };
  if (identity === undefined) {
    return [tools];
  }
  const items = [{ key: identity.key, path: IDENTITY_FILE }];
  // The pod's group reads it. Without the Secret the pod starts all the same, and says what is missing.
  const secret: k8s.SecretVolumeSource = { secretName: identity.secret, items, defaultMode: 0o440, optional: true };
  return [tools, { path: IDENTITY_DIR, readOnly: true, volume: { name: 'identity', secret } }];
}

/**
 * Environment of a script that reads encrypted archives.
 *
 * @throws when there is a private key for backups that are not encrypted
 */
export function identityEnv({ name, encryption }: Backups, identity: SecretKey | undefined): k8s.EnvVar[] {
  if (identity === undefined) {
    return [];
  }
  if (encryption === undefined) {
    throw new Error(
      `the backups of "${name}" are not encrypted, so there is nothing to read with identity; leave it out`,
    );
  }
  return [{ name: 'AGE_IDENTITY', value: `${IDENTITY_DIR}/${IDENTITY_FILE}` }];
}
