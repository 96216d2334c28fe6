import { isIPv4 } from 'node:net';
import type { NetworkAccess } from '../pod/network-access';

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Where a service outside the platform listens: what a NetworkPolicy must let through. */
export class Endpoint {
  /**
   * Reads scheme, host and port.
   *
   * @param origin e.g. `https://s3.example.com` or `http://192.168.1.10:9000`
   * @param options.address IPv4 address of a host in a private network; NetworkPolicies know no names. @default - a public host, or the host itself when it is an address
   * @throws when it is not `http` or `https`, or says more than that: the rest of a webhook's URL is a secret
   */
  public static of(origin: string, options: { readonly address?: string } = {}): Endpoint {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    const standard = PORTS[url?.protocol ?? ''];
    if (url === undefined || standard === undefined) {
      throw new Error('an address is not of the web; write https:// or http:// and the host');
    }
    if (url.href !== `${url.origin}/`) {
      throw new Error(`the address at ${url.host} says more than where to connect; write "${url.origin}" alone`);
    }
    if (options.address !== undefined && !isIPv4(options.address)) {
      throw new Error(
        `"${options.address}" is not the IPv4 address of ${url.host}; write four numbers, e.g. 192.168.1.10`,
      );
    }
    return new Endpoint(url.hostname, url.port === '' ? standard : Number(url.port), options.address);
  }

  private constructor(
    public readonly host: string,
    public readonly port: number,
    /** IPv4 address in a private network. @default - none */
    public readonly address: string | undefined,
  ) {}

  /** Lets a workload's pods connect. */
  public allowFrom(client: NetworkAccess): void {
    client.allowToHost(this.host, this.port, this.address);
  }
}
