import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it arrived. */
export interface WebhookRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How the server treats one request: a status, or no answer at all. */
export type WebhookAnswer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** Never answers. */
  | 'hang'
  /** Closes the connection without an answer. */
  | 'close';

/** A real HTTP endpoint, as Slack or a push monitor is one. It answers `200 ok` unless told otherwise. */
export class WebhookServer {
  public static async begin(): Promise<WebhookServer> {
    const webhook = new WebhookServer();
    await new Promise<void>((resolve) => webhook.server.listen(0, '127.0.0.1', resolve));
    return webhook;
  }

  /** Every request since the last `forget`, also those that got a bad answer. */
  public readonly requests: WebhookRequest[] = [];
  /** Called while the other side still waits for its answer. */
  public onRequest: () => void = () => undefined;
  private answers: WebhookAnswer[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        this.requests.push({ method, path, headers, body: Buffer.concat(parts).toString('utf8') });
        this.onRequest();
        const answer = this.answers.shift() ?? { status: 200, body: 'ok' };
        if (answer === 'close') {
          request.socket.destroy();
        } else if (answer !== 'hang') {
          response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
        }
      });
    });
  }

  /** Address of a path on this server. */
  public url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  /** Treats the next requests in this way, one after the other. */
  public answerNext(...answers: readonly WebhookAnswer[]): void {
    this.answers = [...answers];
  }

  /** The texts of the Slack messages that arrived, with Slack's own escapes undone. */
  public get messages(): string[] {
    return this.requests
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => (JSON.parse(body) as { text: string }).text)
      .map((text) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&'));
  }

  /** As new. */
  public forget(): void {
    this.requests.length = 0;
    this.answers = [];
    this.onRequest = () => undefined;
  }

  public async end(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
