import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { PostgresServer } from '../support/postgres';

/** Milliseconds that a client rests between two queries, and before it connects again. */
const PAUSE = 10;

/** One thing that a client was told, and when. */
export interface Answer {
  /** `performance.now()` */
  readonly at: number;
  /** Which of the clients, from 0. */
  readonly client: number;
  /** The first value of the first row, or why the connection was refused or lost. */
  readonly value?: string;
  readonly error?: string;
}

/** Clients that query a database over and over and connect again as soon as they lose the connection. */
export class ReconnectingClients {
  /** Lets a role `app` in without a password, with which these clients come. */
  public static async admit(server: PostgresServer): Promise<void> {
    const file = join(server.dataFolder, 'pg_hba.conf');
    const rules = readFileSync(file, 'utf8');
    writeFileSync(file, `host all app 127.0.0.1/32 trust\n`);
    appendFileSync(file, rules);
    await server.query('CREATE ROLE app LOGIN; SELECT pg_reload_conf()');
  }

  public readonly answers: Answer[] = [];
  private readonly clients: Promise<void>[];
  private stopped = false;

  public constructor(
    count: number,
    private readonly port: number,
    private readonly database: string,
    private readonly query: string,
  ) {
    this.clients = Array.from({ length: count }, (_, client) => this.live(client));
  }

  /** Lets every client finish its query, and closes the connections. */
  public async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.clients);
  }

  private async live(client: number): Promise<void> {
    while (!this.stopped) {
      try {
        await this.session(client);
      } catch (error) {
        this.answers.push({ at: performance.now(), client, error: String(error) });
      }
      await rest();
    }
  }

  private async session(client: number): Promise<void> {
    const session = await Session.open(this.port, this.database);
    try {
      while (!this.stopped) {
        const value = await session.ask(this.query);
        this.answers.push({ at: performance.now(), client, value });
        await rest();
      }
    } finally {
      session.close();
    }
  }
}

/** One connection, as much of PostgreSQL's protocol as a query needs. */
class Session {
  public static async open(port: number, database: string): Promise<Session> {
    const socket = connect(port, '127.0.0.1');
    const session = new Session(socket);
    const settings = Buffer.from(`\0\x03\0\0user\0app\0database\0${database}\0\0`, 'latin1');
    const length = Buffer.alloc(4);
    length.writeInt32BE(settings.length + 4);
    socket.write(Buffer.concat([length, settings]));
    await session.untilReady();
    return session;
  }

  private unread = Buffer.alloc(0);
  private lost: Error | undefined;
  private wake: () => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      this.unread = Buffer.concat([this.unread, data as Buffer]);
      this.wake();
    });
    const lose = (error?: Error) => {
      this.lost ??= error ?? new Error('the connection was closed');
      this.wake();
    };
    socket.on('error', lose);
    socket.on('close', () => lose());
  }

  public ask(query: string): Promise<string | undefined> {
    const text = Buffer.from(`${query}\0`);
    const head = Buffer.from('Q\0\0\0\0');
    head.writeInt32BE(text.length + 4, 1);
    this.socket.write(Buffer.concat([head, text]));
    return this.untilReady();
  }

  public close(): void {
    this.socket.destroy();
  }

  /** Reads messages until the server waits for a query; returns the first value it sent. */
  private async untilReady(): Promise<string | undefined> {
    let value: string | undefined;
    for (;;) {
      const { type, body } = await this.message();
      if (type === 'E') {
        throw new Error(/\0M([^\0]*)/.exec(`\0${body.toString()}`)?.[1] ?? 'an error without a message');
      } else if (type === 'D') {
        value ??= body.subarray(6, 6 + body.readInt32BE(2)).toString();
      } else if (type === 'Z') {
        return value;
      }
    }
  }

  private async message(): Promise<{ type: string; body: Buffer }> {
    for (;;) {
      const length = this.unread.length < 5 ? Number.POSITIVE_INFINITY : this.unread.readInt32BE(1) + 1;
      if (this.unread.length >= length) {
        const message = this.unread.subarray(0, length);
        this.unread = this.unread.subarray(length);
        return { type: String.fromCharCode(message[0] ?? 0), body: message.subarray(5) };
      }
      if (this.lost !== undefined) {
        this.close();
        throw this.lost;
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

/** The longest time in milliseconds for which a client got no answer to a query. */
export function longestSilence(answers: readonly Answer[]): number {
  const last = new Map<number, number>();
  let longest = 0;
  for (const { at, client, value } of answers) {
    if (value !== undefined) {
      longest = Math.max(longest, at - (last.get(client) ?? at));
      last.set(client, at);
    }
  }
  return longest;
}

/** Milliseconds from the first refused or lost connection to the last one; 0 when there was none. */
export function timeOfRefusals(answers: readonly Answer[]): number {
  const refused = answers.filter(({ error }) => error !== undefined).map(({ at }) => at);
  return refused.length === 0 ? 0 : Math.max(...refused) - Math.min(...refused);
}

/** Between two connections, as an app's pool waits: nothing is awaited here. */
function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE));
}
