import { createHash } from 'node:crypto';

/** Prefix of the pod annotation that holds the checksum of one ConfigMap: `checksum/<ConfigMap name>`. */
export const CHECKSUM_ANNOTATION = 'checksum/';

/** ConfigMap annotation; `by-hand` says that a change of it is not to restart its pods. */
export const RESTART_ANNOTATION = 'mooring/restart';

/** The checksum computed last for each set of file names: environments of one platform mostly share their files. */
const last = new Map<string, { readonly texts: readonly (string | undefined)[]; readonly checksum: string }>();

/** sha256 (hex) of a ConfigMap's data; independent of the order of its keys. */
export function configChecksum(data: Readonly<Record<string, string>>): string {
  const names = Object.keys(data).sort();
  const texts = names.map((name) => data[name]);
  const fileNames = JSON.stringify(names);
  const known = last.get(fileNames);
  if (known?.texts.every((text, index) => text === texts[index])) {
    return known.checksum;
  }
  const sorted = names.map((name, index) => [name, texts[index]]);
  const checksum = createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
  last.set(fileNames, { texts, checksum });
  return checksum;
}
