import type { k8s } from 'cdk8s-plus-28';
import { SecretKey } from './secret-key';

/** A Secret by name and the keys it is expected to have. Its values are written by people and never seen here. */
export class SecretReference {
  public constructor(
    public readonly name: string,
    /** What each key holds, in words for the person who fills it in. */
    public readonly keys: Readonly<Record<string, string>>,
  ) {}

  /**
   * One of its keys, to be handed to a construct.
   *
   * @throws when the secret was declared without that key
   */
  public key(key: string): SecretKey {
    if (!Object.hasOwn(this.keys, key)) {
      throw new Error(
        `secret "${this.name}" has no key "${key}" (it has ${Object.keys(this.keys).join(', ')}); declare it with the secret`,
      );
    }
    return new SecretKey(this.name, key);
  }

  /**
   * An environment variable with the value of one key.
   *
   * @throws when the secret was declared without that key
   */
  public env(variable: string, key: string = variable): k8s.EnvVar {
    return this.key(key).env(variable);
  }
}
