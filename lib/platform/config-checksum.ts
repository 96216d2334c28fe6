import { createHash } from 'node:crypto';

/** Prefix of the pod annotation that holds the checksum of one ConfigMap: `checksum/<ConfigMap name>`. */
export const CHECKSUM_ANNOTATION = 'checksum/';

/** sha256 (hex) of a ConfigMap's data; independent of the order of its keys. */
export function configChecksum(data: Readonly<Record<string, string>>): string {
  const sorted = Object.keys(data)
    .sort()
    .map((key) => [key, data[key]]);
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
