/** The standard layers, each with the layers it is applied after. */
export const LAYERS = {
  /** Namespace, PersistentVolumes and claims: never pruned. */
  base: [],
  /** Secrets that people write, decrypted by Flux; nothing generated. */
  secrets: ['base'],
  database: ['secrets'],
  migrate: ['database'],
  app: ['migrate'],
  backup: ['database'],
  monitoring: ['database'],
} as const satisfies Record<string, readonly string[]>;

/** Name of a standard layer. */
export type LayerName = keyof typeof LAYERS;

/** Every layer name, in the order in which layers are applied. */
export const LAYER_NAMES = Object.keys(LAYERS) as LayerName[];
