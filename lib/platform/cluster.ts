import { z } from 'zod';
import { fields } from './fields';

const { dnsLabel } = fields;

/** What the facts of a cluster must be; checked with every environment that runs there. */
export const clusterSchema = z.strictObject({
  name: dnsLabel,
  registry: z
    .string()
    .regex(/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._/-]+)?$/, 'write a host without scheme, e.g. registry.example.com'),
  flux: z.strictObject({
    source: z.strictObject({ kind: z.enum(['GitRepository', 'OCIRepository']), name: dnsLabel, namespace: dnsLabel }),
    decryptionSecret: dnsLabel,
  }),
  ingress: z
    .strictObject({
      className: dnsLabel,
      controllerNamespace: dnsLabel,
      issuer: z.strictObject({ name: dnsLabel, challenge: z.enum(['http01', 'dns01']) }),
    })
    .optional(),
  nfs: z
    .strictObject({ server: z.string().min(1, 'write the host name of the server'), mountOptions: z.array(z.string()) })
    .refine(({ mountOptions }) => mountOptions.includes('hard') && !mountOptions.includes('soft'), {
      path: ['mountOptions'],
      message: 'add "hard": PostgreSQL requires it, a soft mount loses writes',
    })
    .optional(),
  storageClasses: z.record(dnsLabel, z.strictObject({ reclaimPolicy: z.enum(['Retain', 'Delete']) })).optional(),
  monitoring: z.strictObject({ namespace: dnsLabel }).optional(),
});

/** Facts about where environments run. */
export interface Cluster {
  /** Name of the cluster: its folder in the config repository, `clusters/<name>`. */
  readonly name: string;
  /** Host of the registry that the team's own images are pulled from. */
  readonly registry: string;
  /** What Flux on this cluster reads. */
  readonly flux: {
    /** The one source of every Kustomization: only with an identical source does `dependsOn` wait for one revision. */
    readonly source: {
      readonly kind: 'GitRepository' | 'OCIRepository';
      readonly name: string;
      readonly namespace: string;
    };
    /** Secret with the age key (`*.agekey`) that decrypts the `secrets` layer. */
    readonly decryptionSecret: string;
  };
  /**
   * The ingress controller and the issuer of certificates.
   *
   * @default - none: a platform with an Ingress is refused
   */
  readonly ingress?: {
    readonly className: string;
    readonly controllerNamespace: string;
    /** cert-manager ClusterIssuer; `http01` needs a way in for the solver pods. */
    readonly issuer: { readonly name: string; readonly challenge: 'http01' | 'dns01' };
  };
  /**
   * The NFS server.
   *
   * @default - none: a platform with NFS volumes is refused
   */
  readonly nfs?: {
    readonly server: string;
    /** Mount options of every NFS volume; `hard` is required. */
    readonly mountOptions: readonly string[];
  };
  /**
   * Storage classes that claims may name. A claim for data needs one whose reclaim policy is Retain.
   *
   * @default - none
   */
  readonly storageClasses?: Readonly<Record<string, { readonly reclaimPolicy: 'Retain' | 'Delete' }>>;
  /**
   * Where Prometheus runs.
   *
   * @default - no Prometheus
   */
  readonly monitoring?: { readonly namespace: string };
}
