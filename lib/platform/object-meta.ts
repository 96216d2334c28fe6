import type { Construct } from 'constructs';
import { NAME_LABEL } from './labels';
import { Platform } from './platform';

/** Metadata of a namespaced object: its explicit name, the platform's namespace, and whose object it is. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Metadata of an object that serves one workload.
 *
 * @param workload the workload it belongs to; the value of `app.kubernetes.io/name`. @default name
 */
export function objectMeta(scope: Construct, name: string, workload: string = name): ObjectMeta {
  return { name, namespace: Platform.of(scope).namespace.name, labels: { [NAME_LABEL]: workload } };
}
