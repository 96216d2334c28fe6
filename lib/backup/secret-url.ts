import type { k8s } from 'cdk8s-plus-28';
import type { SecretKey } from '../platform/secret-key';
import { Endpoint } from './endpoint';

/** A URL that is a secret as a whole, and the host in it, which NetworkPolicies must let through. */
export class SecretUrl {
  /** The URL of a Slack app's incoming webhook. */
  public static slack(key: SecretKey): SecretUrl {
    return SecretUrl.at('https://hooks.slack.com', key);
  }

  /**
   * A URL on another host: a push URL of healthchecks or Uptime Kuma, or a chat that takes Slack's messages.
   *
   * @param origin scheme and host of the URL, e.g. `https://hc-ping.com`
   * @param options.address IPv4 address of a host in a private network. @default - a public host
   * @throws when the origin is not `http` or `https`
   */
  public static at(origin: string, key: SecretKey, options: { readonly address?: string } = {}): SecretUrl {
    return new SecretUrl(key, Endpoint.of(origin, options));
  }

  /**
   * Environment of a script that calls it: `<name>_URL`, and `<name>_SOURCE`, which says where that comes from. A pod
   * starts without it, too: a backup is made although nobody can be told.
   */
  public env(name: 'WEBHOOK' | 'PING'): k8s.EnvVar[] {
    const { secret, key } = this.key;
    const secretKeyRef: k8s.SecretKeySelector = { name: secret, key, optional: true };
    return [
      { name: `${name}_URL`, valueFrom: { secretKeyRef } },
      { name: `${name}_SOURCE`, value: `key ${key} of Secret ${secret}` },
    ];
  }

  private constructor(
    private readonly key: SecretKey,
    public readonly endpoint: Endpoint,
  ) {}
}
