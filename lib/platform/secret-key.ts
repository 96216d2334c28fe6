import type { k8s } from 'cdk8s-plus-28';

/** One key of a Secret of the contract; see `SecretReference.key`. */
export class SecretKey {
  public constructor(
    /** Name of the Secret. */
    public readonly secret: string,
    public readonly key: string,
  ) {}

  /** An environment variable with the key's value. */
  public env(variable: string): k8s.EnvVar {
    return { name: variable, valueFrom: { secretKeyRef: { name: this.secret, key: this.key } } };
  }
}
