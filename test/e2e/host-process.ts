import { readdirSync, readFileSync } from 'node:fs';
import type { Pod } from './objects';

/**
 * Number, on this machine, of the process that is number 1 of a pod's container with this program.
 *
 * @throws when there is none: the pod's node is another machine
 */
export function hostProcess(pod: Pod, program: string): number {
  const [found] = hostProcesses(pod, program, '1');
  if (found === undefined) {
    throw new Error(`no process "${program}" of pod ${pod.metadata.name} on this machine; is it the cluster's node?`);
  }
  return found;
}

/**
 * Numbers, on this machine, of a pod's processes with this program.
 *
 * @param inside their number in their container, as a regular expression @default - any
 */
export function hostProcesses(pod: Pod, program: string, inside = String.raw`\d+`): number[] {
  const uid = pod.metadata.uid ?? '';
  const number = new RegExp(String.raw`^NSpid:.*\t${inside}$`, 'm');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const cgroups = readFileSync(`/proc/${name}/cgroup`, 'utf8').replaceAll('_', '-');
        const status = readFileSync(`/proc/${name}/status`, 'utf8');
        return cgroups.includes(uid) && status.startsWith(`Name:\t${program}\n`) && number.test(status);
      } catch {
        // It ended while it was looked at.
        return false;
      }
    })
    .map(Number);
}
