import type { Manifest } from '../platform/manifest';
import { defineRule, type Report } from './define-rule';
import type { Strings } from './objects';
import type { Where } from './place';
import type { TreeView } from './tree-view';

/** A form of names that the API server accepts. */
interface Form {
  readonly pattern: RegExp;
  readonly longest: number;
  readonly words: string;
}

const LABEL: Form = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  longest: 63,
  words: 'lower-case letters, digits and dashes',
};
const SUBDOMAIN: Form = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  longest: 253,
  words: 'lower-case letters, digits, dashes and dots',
};
const SERVICE: Form = { ...LABEL, pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/, words: `${LABEL.words}, a letter first` };
const PORT: Form = { ...LABEL, pattern: /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/, longest: 15 };
const PATH_SEGMENT: Form = { pattern: /^(?!\.\.?$)[^/%]+$/, longest: 253, words: 'no slash and no percent sign' };

/** Kinds whose names are shorter or stricter than a DNS subdomain. */
const FORMS: Readonly<Record<string, Form>> = {
  Namespace: LABEL,
  Deployment: LABEL,
  DaemonSet: LABEL,
  Job: LABEL,
  // The controllers add up to 11 characters and put the result into a name or a label of 63.
  CronJob: { ...LABEL, longest: 52 },
  StatefulSet: { ...LABEL, longest: 52 },
  Service: SERVICE,
  // Flux writes the name into a label of everything that it applies.
  Kustomization: LABEL,
  Role: PATH_SEGMENT,
  RoleBinding: PATH_SEGMENT,
  ClusterRole: PATH_SEGMENT,
  ClusterRoleBinding: PATH_SEGMENT,
};

const LABEL_VALUE: Form = {
  pattern: /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
  longest: 63,
  words: 'letters, digits, dashes, dots and underscores, a letter or digit at both ends',
};
const KEY_NAME: Form = { ...LABEL_VALUE, pattern: /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/ };

/** Names, labels and annotation keys have a form that the API server and the controllers accept. */
export const validNames = defineRule('valid-names', checkNames, { absolute: true });

function checkNames(view: TreeView, report: Report): void {
  for (const where of view.objects) {
    checkObject(where, where.manifest, report);
  }
  for (const manifest of view.tree.flux) {
    checkObject({ layer: { name: 'flux' }, manifest }, manifest, report);
  }
  for (const pod of view.pods) {
    checkKeys(pod, pod.labels, pod.annotations, report);
    for (const { name, ports = [] } of pod.containers) {
      check(pod, 'container name', name, LABEL, report);
      for (const port of ports) {
        check(pod, `port name of container "${name}"`, port.name, PORT, report);
      }
    }
    for (const { name } of pod.spec.volumes ?? []) {
      check(pod, 'volume name', name, LABEL, report);
    }
  }
}

function checkObject(where: Where, { kind, metadata }: Manifest, report: Report): void {
  check(where, 'name', metadata.name, FORMS[kind] ?? SUBDOMAIN, report);
  checkKeys(where, metadata.labels ?? {}, metadata.annotations ?? {}, report);
}

function checkKeys(where: Where, labels: Strings, annotations: Strings, report: Report): void {
  for (const key in labels) {
    check(where, `label ${key}`, labels[key], LABEL_VALUE, report);
    checkKey(where, 'label key', key, report);
  }
  for (const key in annotations) {
    checkKey(where, 'annotation key', key, report);
  }
}

function checkKey(where: Where, what: string, key: string, report: Report): void {
  const slash = key.indexOf('/');
  check(where, what, key.slice(slash + 1), KEY_NAME, report);
  if (slash !== -1) {
    check(where, `prefix of ${what}`, key.slice(0, slash), SUBDOMAIN, report);
  }
}

function check(where: Where, what: string, value: unknown, form: Form, report: Report): void {
  // Values of another type are the business of `plain-scalars`.
  if (typeof value !== 'string' || (value.length <= form.longest && form.pattern.test(value))) {
    return;
  }
  report(
    where,
    `${what} "${value}" (${value.length} characters) is not valid`,
    `write ${form.words}, at most ${form.longest}`,
  );
}
