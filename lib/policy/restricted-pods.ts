import { defineRule } from './define-rule';
import type { Strings } from './objects';
import type { Container, Handler, PodSpec, SecurityContext } from './pod-spec';

/** What is wrong with a pod or container, and the way out. */
type Finding = readonly [wrong: string, wayOut: string];

/** Volume sources that Pod Security *restricted* allows. */
const VOLUME_SOURCES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/** Types of SELinux that Pod Security *baseline* allows. */
const SELINUX_TYPES = new Set(['container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);

/** Kernel settings that are separate in each pod, by the Pod Security Standards. */
const SAFE_SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]);

/**
 * Every pod passes the Pod Security Standard *restricted* (of Kubernetes 1.34), and more: a numeric user, a read-only
 * root file system and no service account token.
 */
export const restrictedPods = defineRule('restricted-pods', ({ pods }, report) => {
  for (const pod of pods) {
    for (const [wrong, wayOut] of [...podFindings(pod.spec), ...profileFindings(pod.annotations)]) {
      report(pod, wrong, wayOut);
    }
    for (const container of pod.containers) {
      for (const [wrong, wayOut] of containerFindings(container, pod.spec)) {
        report(pod, `container "${container.name}" ${wrong}`, wayOut);
      }
    }
  }
});

function* podFindings(spec: PodSpec): Generator<Finding> {
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
    if (spec[field]) {
      yield [`${field} is true`, 'remove it: a pod keeps to its own namespaces'];
    }
  }
  if (spec.automountServiceAccountToken !== false) {
    yield [`automountServiceAccountToken is ${spec.automountServiceAccountToken ?? 'missing'}`, 'write false'];
  }
  for (const volume of spec.volumes ?? []) {
    const source = Object.keys(volume).find((key) => key !== 'name' && !VOLUME_SOURCES.has(key));
    if (source !== undefined) {
      yield [`volume "${volume.name}" is of type ${source}`, 'use a claim, ConfigMap, Secret or emptyDir'];
    }
    if (volume.projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined)) {
      yield [`volume "${volume.name}" holds a serviceAccountToken`, 'remove that source'];
    }
  }
  const { sysctls = [], windowsOptions, runAsUser, runAsNonRoot, seccompProfile } = spec.securityContext ?? {};
  // Pod Security looks at the pod's own fields, too, where every container says something else.
  const own: readonly (readonly [field: string, value: unknown, isRefused: boolean, wayOut: string])[] = [
    ['runAsUser', runAsUser, runAsUser === 0, 'write another number'],
    ['runAsNonRoot', runAsNonRoot, runAsNonRoot === false, 'write true'],
    ['seccompProfile', seccompProfile?.type, seccompProfile?.type === 'Unconfined', 'write RuntimeDefault'],
  ];
  for (const [field, value, isRefused, wayOut] of own) {
    if (isRefused) {
      yield [`spec.securityContext.${field} is ${value}`, wayOut];
    }
  }
  yield* linuxFindings('the pod ', spec.securityContext);
  for (const { name } of sysctls) {
    if (!SAFE_SYSCTLS.has(name)) {
      yield [`sysctl "${name}" is not a safe one`, 'remove it'];
    }
  }
  if (windowsOptions?.hostProcess) {
    yield ['hostProcess is true', 'remove it'];
  }
}

/** What AppArmor was told by annotation before Kubernetes 1.30; the API server still copies it into the field. */
function* profileFindings(annotations: Strings): Generator<Finding> {
  for (const [key, value] of Object.entries(annotations)) {
    if (key.startsWith('container.apparmor.security.beta.kubernetes.io/') && value === 'unconfined') {
      yield [`annotation ${key} is "${value}"`, 'remove it'];
    }
  }
}

function* linuxFindings(subject: string, { seLinuxOptions = {} }: SecurityContext = {}): Generator<Finding> {
  const { type, user, role } = seLinuxOptions;
  if (type && !SELINUX_TYPES.has(type)) {
    yield [`${subject}has SELinux type ${type}`, 'remove it'];
  }
  for (const [field, value] of Object.entries({ user, role })) {
    if (value) {
      yield [`${subject}has SELinux ${field} ${value}`, 'remove it'];
    }
  }
}

function* containerFindings(container: Container, spec: PodSpec): Generator<Finding> {
  const own = container.securityContext ?? {};
  const shared = spec.securityContext ?? {};
  const user = own.runAsUser ?? shared.runAsUser;
  if (typeof user !== 'number' || user === 0) {
    yield [
      `runs as user ${user ?? 'of its image'}`,
      'set runAsUser to a number other than 0: the kubelet cannot check names',
    ];
  }
  const nonRoot = own.runAsNonRoot ?? shared.runAsNonRoot;
  if (nonRoot !== true) {
    yield [`has runAsNonRoot ${nonRoot ?? 'missing'}`, 'write true'];
  }
  const seccomp = (own.seccompProfile ?? shared.seccompProfile)?.type;
  if (seccomp !== 'RuntimeDefault') {
    yield [`has seccomp profile ${seccomp ?? 'missing'}`, 'set seccompProfile.type to RuntimeDefault'];
  }
  const appArmor = (own.appArmorProfile ?? shared.appArmorProfile)?.type;
  if (appArmor === 'Unconfined') {
    yield [`has AppArmor profile ${appArmor}`, 'remove it'];
  }
  yield* linuxFindings('', container.securityContext);
  if (own.windowsOptions?.hostProcess) {
    yield ['has hostProcess true', 'remove it'];
  }
  if (own.privileged) {
    yield ['is privileged', 'remove privileged'];
  }
  if (own.allowPrivilegeEscalation !== false) {
    yield [`has allowPrivilegeEscalation ${own.allowPrivilegeEscalation ?? 'missing'}`, 'write false'];
  }
  if (own.readOnlyRootFilesystem !== true) {
    const wayOut = 'write true and mount an emptyDir where it writes';
    yield [`has readOnlyRootFilesystem ${own.readOnlyRootFilesystem ?? 'missing'}`, wayOut];
  }
  const { add = [], drop = [] } = own.capabilities ?? {};
  if (!drop.includes('ALL')) {
    yield [`drops capabilities [${drop.join(', ')}]`, 'drop ALL'];
  }
  const added = add.filter((capability) => capability !== 'NET_BIND_SERVICE');
  if (added.length > 0) {
    yield [`adds capabilities [${added.join(', ')}]`, 'remove them; only NET_BIND_SERVICE may be added'];
  }
  if (own.procMount !== undefined && own.procMount !== 'Default') {
    yield [`has procMount ${own.procMount}`, 'remove it'];
  }
  yield* hostFindings(container);
}

function* hostFindings({ ports = [], lifecycle, ...probes }: Container): Generator<Finding> {
  for (const { hostPort } of ports) {
    if (hostPort) {
      yield [`takes port ${hostPort} of its node`, 'remove hostPort and use a Service'];
    }
  }
  const { startupProbe, readinessProbe, livenessProbe } = probes;
  const handlers: readonly (Handler | undefined)[] = [
    startupProbe,
    readinessProbe,
    livenessProbe,
    lifecycle?.preStop,
    lifecycle?.postStart,
  ];
  for (const handler of handlers) {
    const host = handler?.httpGet?.host ?? handler?.tcpSocket?.host;
    if (host) {
      yield [`has a probe or hook with host "${host}"`, 'remove host: the kubelet asks the pod itself'];
    }
  }
}
