import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a port on loopback that can break so that clients see their connections reset, and the server sees nothing. */
export class BreakableNetwork {
  public static async to(target: number): Promise<BreakableNetwork> {
    const network = new BreakableNetwork(target);
    await new Promise<void>((resolve) => network.server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  private readonly server: Server;
  private readonly clients = new Set<Socket>();
  private readonly targets = new Set<Socket>();

  private constructor(target: number) {
    this.server = createServer((client) => {
      const there = connect(target, '127.0.0.1');
      this.clients.add(client);
      this.targets.add(there);
      client.on('data', (bytes) => there.write(bytes));
      client.on('end', () => there.end());
      there.on('data', (bytes) => client.destroyed || client.write(bytes));
      there.on('end', () => client.end());
      for (const socket of [client, there]) {
        socket.on('error', () => undefined);
      }
    });
  }

  public get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resets the connections that there are; new ones are well. */
  public break(): void {
    for (const client of this.clients) {
      client.resetAndDestroy();
    }
    this.clients.clear();
  }

  public close(): void {
    this.server.close();
    for (const socket of [...this.clients, ...this.targets]) {
      socket.destroy();
    }
  }
}
