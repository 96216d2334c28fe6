import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Server } from './s3';

/** What the proxy does with a request instead of only handing it on. */
export type Fault =
  /** Answers with this status, and the server never sees the request. */
  | { readonly status: number }
  /** Cuts the connection in the middle of what the client sends, or of what the server answers. */
  | { readonly cut: 'request' | 'answer' };

/** A request that came by. */
export interface Passing {
  /** 1 for the first since the proxy began. */
  readonly number: number;
  readonly method: string;
  /** Path with query, e.g. `/backups/school/archive?x-id=PutObject`. */
  readonly path: string;
}

/** Stands between a client and an S3 server, counts, and goes wrong on request. */
export interface S3Proxy {
  /** The server's, with the proxy's address. */
  readonly env: S3Server['env'];
  readonly passed: readonly Passing[];
  stop(): Promise<void>;
}

/** @param fault decides over each request before the server sees it; `undefined` hands it on */
export async function startS3Proxy(
  target: S3Server,
  fault: (passing: Passing) => Fault | undefined | Promise<Fault | undefined>,
): Promise<S3Proxy> {
  const passed: Passing[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const passing = { number: passed.length + 1, method: incoming.method ?? '', path: incoming.url ?? '' };
    passed.push(passing);
    await pass(target.port, incoming, outgoing, await fault(passing));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: { ...target.env, S3_ENDPOINT: `http://127.0.0.1:${port}` },
    passed,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function pass(
  port: number,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault !== undefined && 'status' in fault) {
    incoming.resume().on('end', () => outgoing.writeHead(fault.status).end());
    return;
  }
  // The Host header stays the client's: it is part of what was signed.
  const { method, url: path, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port, method, path, headers, agent: false });
  onward.on('error', () => outgoing.destroy());
  incoming.on('close', () => {
    if (!incoming.complete) {
      onward.destroy();
    }
  });
  onward.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault !== undefined) {
      answer.once('data', (bytes: Buffer) => {
        outgoing.write(bytes.subarray(0, bytes.length / 2), () => outgoing.destroy());
      });
      answer.once('end', () => outgoing.destroy());
    } else {
      answer.pipe(outgoing);
    }
  });
  if (fault !== undefined && 'cut' in fault && fault.cut === 'request') {
    incoming.once('data', (bytes: Buffer) => {
      onward.write(bytes.subarray(0, bytes.length / 2));
      incoming.destroy();
    });
    incoming.once('end', () => outgoing.destroy());
  } else {
    incoming.pipe(onward);
  }
}
