import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Duration } from 'cdk8s';
import { MigrationTool } from '../../lib/migration/migration-tool';
import { describeWithGoProgram } from '../support/go-program';
import { GOOSE } from '../support/go-tools';
import { until } from '../support/process';
import { gooseImage, nameOf } from './images';
import { MigrationRuns } from './migration-runs';

describeWithGoProgram(GOOSE, 'the gate', () => {
  let runs: MigrationRuns;

  beforeAll(async () => {
    runs = await MigrationRuns.begin();
  }, 120_000);

  afterAll(async () => {
    await runs.end();
  });

  describe('the gate of a new pod on the old schema', () => {
    test('waits until the Job has come to its end', async () => {
      const db = await runs.database();
      await runs.job(gooseImage(runs, [1]), db);
      const image = gooseImage(runs, [1, 2]);
      const { gate, outcome } = await runs.startGate(image, db, Duration.minutes(1));
      await until('it waits', async () => {
        return (
          (await runs.server.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'migration-gate'`)).length >
          0
        );
      });
      expect(gate.process.exitCode).toBeNull();
      expect((await runs.job(image, db)).code).toBe(0);
      expect((await outcome).stdout).toContain('all 2 migrations of this image are applied');
    });

    test('says why when it waited in vain', async () => {
      const db = await runs.database();
      await runs.job(gooseImage(runs, [1]), db);
      const outcome = await runs.gate(gooseImage(runs, [1, 2]), db, Duration.seconds(1));
      expect([outcome.code, outcome.message]).toEqual([
        1,
        `1 of 2 migrations of this image are not applied: ${nameOf(2)}.sql; waited 1 s; why: kubectl -n market describe pod -l app.kubernetes.io/name=shop-migrate\n`,
      ]);
    });

    test.each([
      [3, 'does not answer; waited 0 s', { PGPORT: '1' }],
      [4, 'password authentication failed', { PGPASSWORD: 'wrong' }],
      [4, 'permission denied for table goose_db_version', { PGUSER: 'stranger', PGPASSWORD: 'x' }],
    ])('ends with %s when it finds: %s', async (code, text, env) => {
      const db = await runs.database();
      await runs.job(gooseImage(runs, [1]), db);
      await runs.server.query("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD 'x'");
      const outcome = await runs.gate(gooseImage(runs, [1]), db, Duration.seconds(0), env);
      expect(outcome.code).toBe(code);
      expect(outcome.message).toContain(text);
    });
  });

  describe.each<[string, (socket: Socket) => void]>([
    ['is silent', () => undefined],
    ['resets the connection', (socket) => socket.resetAndDestroy()],
  ])('a network that %s once, between two connections that it carries', (_, disturb) => {
    let network: Server;

    beforeEach(async () => {
      let count = 0;
      network = createServer((socket) => {
        socket.on('error', () => undefined);
        if (++count === 2) {
          disturb(socket);
        } else {
          const server = connect(runs.server.port, '127.0.0.1');
          socket.pipe(server).pipe(socket);
          server.on('error', () => socket.destroy());
        }
      }).listen(0, '127.0.0.1');
      await once(network, 'listening');
    });

    afterEach(() => {
      network.close();
    });

    const through = () => ({ PGPORT: String((network.address() as AddressInfo).port) });

    test('lets the Job try again', async () => {
      const db = await runs.database();
      const outcome = await runs.job(gooseImage(runs, [1]), db, through());
      expect([outcome.code, outcome.message]).toEqual([3, expect.stringMatching(/ended the connection: .*failed/)]);
    });

    test('lets the gate go on', async () => {
      const db = await runs.database();
      await runs.job(gooseImage(runs, [1]), db);
      const outcome = await runs.gate(gooseImage(runs, [1]), db, Duration.seconds(30), through());
      expect([outcome.code, outcome.message]).toEqual([0, '']);
    });
  });

  test.each([
    ['at once', 'exit 1'],
    ['half way', 'head -n 1 "$1"; exit 1'],
  ])('a list that cannot be read, failing %s, does not open the gate', async (_, failing) => {
    const db = await runs.database();
    const image = gooseImage(runs, [1, 2]);
    await runs.job(gooseImage(runs, [1]), db);
    const programs = runs.files({ cat: `#!/bin/sh\ncase $1 in */listed) ${failing} ;; esac\nexec /bin/cat "$@"\n` });
    chmodSync(join(programs, 'cat'), 0o755);
    const outcome = await runs.gate(image, db, undefined, { PATH: `${programs}:${process.env.PATH}` });
    expect([outcome.code, outcome.message]).toEqual([
      3,
      expect.stringContaining('the list of migrations could not be read to its end'),
    ]);
  });

  test('a gate cannot write: not even a query of one’s own that would', async () => {
    const db = await runs.database();
    await runs.server.query('CREATE SEQUENCE counter', db);
    const steps = { migrate: ['true'], list: ['ls', 'migrations'], table: 'counter' };
    const tool = MigrationTool.command({ ...steps, applied: "SELECT nextval('counter')::text" });
    const outcome = await runs.gate({ ...gooseImage(runs, [1]), tool }, db);
    expect(outcome.code).toBe(4);
    expect(outcome.message).toContain('cannot execute nextval() in a read-only transaction');
  });
});
