import { autoscaling } from './autoscaling';
import { configRollout } from './config-rollout';
import { containerResources } from './container-resources';
import { cronjobs } from './cronjobs';
import { dataInBase } from './data-in-base';
import { declaredFlows } from './declared-flows';
import { disruptionBudgets } from './disruption-budgets';
import { fluxDependencies } from './flux-dependencies';
import { fluxKustomizations } from './flux-kustomizations';
import { frozen } from './frozen';
import { gateRelease } from './gate-release';
import { gatedStart } from './gated-start';
import { gracefulRollout } from './graceful-rollout';
import { http01Solver } from './http01-solver';
import { migrationGate } from './migration-gate';
import { namespaceBoundary } from './namespace-boundary';
import { nestedNfsPaths } from './nested-nfs-paths';
import { networkPeers } from './network-peers';
import { networkPolicies } from './network-policies';
import { noForce } from './no-force';
import { noSecrets } from './no-secrets';
import { objectNamespaces } from './object-namespaces';
import { pinnedImages } from './pinned-images';
import { plainScalars } from './plain-scalars';
import { probes } from './probes';
import type { RuleSet } from './problem';
import { pullSecrets } from './pull-secrets';
import { resolvedPorts } from './resolved-ports';
import { resolvedReferences } from './resolved-references';
import { resolvedTargets } from './resolved-targets';
import { restrictedPods } from './restricted-pods';
import { retainedVolumes } from './retained-volumes';
import { serviceSelectsOneWorkload } from './service-selects-one-workload';
import { singleWriter } from './single-writer';
import { startupBudgets } from './startup-budgets';
import { uniqueIdentity } from './unique-identity';
import { validNames } from './valid-names';

/** Every rule of the project. */
export const RULES: RuleSet = {
  rules: [
    validNames,
    objectNamespaces,
    restrictedPods,
    containerResources,
    pinnedImages,
    pullSecrets,
    resolvedReferences,
    resolvedTargets,
    resolvedPorts,
    serviceSelectsOneWorkload,
    dataInBase,
    noForce,
    retainedVolumes,
    singleWriter,
    namespaceBoundary,
    migrationGate,
    gateRelease,
    gatedStart,
    fluxKustomizations,
    fluxDependencies,
    configRollout,
    cronjobs,
    noSecrets,
    autoscaling,
    disruptionBudgets,
    gracefulRollout,
    probes,
    startupBudgets,
    networkPolicies,
    networkPeers,
    declaredFlows,
    http01Solver,
    plainScalars,
    frozen,
  ],
  clusterRules: [uniqueIdentity, nestedNfsPaths],
};
