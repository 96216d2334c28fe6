#!/usr/bin/env node
// Stands in for kubectl: answers from a recording, and notes what it was asked. The real kubectl and a real cluster are
// tried by `make e2e`. FAKE_KUBECTL is a folder with recording.json; calls.jsonl and the Jobs made are written there.
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const folder = process.env.FAKE_KUBECTL;
const recording = JSON.parse(readFileSync(join(folder, 'recording.json'), 'utf8'));
const all = process.argv.slice(2);
appendFileSync(join(folder, 'calls.jsonl'), `${JSON.stringify(all)}\n`);
const args = all.filter((each) => !each.startsWith('--context=') && !each.startsWith('--request-timeout='));
const after = (option) => args[args.indexOf(option) + 1];

function print(text) {
  process.stdout.write(typeof text === 'string' ? text : JSON.stringify(text));
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}

/** The recording of a Job, by the arguments of its containers. */
function runOf(job) {
  const { containers } = job.spec.template.spec;
  const runs = recording.runs.filter(({ args: wanted }) =>
    containers.some(({ args: words = ['template'] }) => words.join(' ') === wanted),
  );
  // Two Jobs may have the same arguments, but not the same containers.
  return runs.find(({ logs }) => containers.some(({ name }) => name in logs)) ?? runs[0];
}

function jobNamed(name) {
  const path = join(folder, `${name}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** The next of the recorded states; the last one stays. */
function next(name, what, states) {
  const path = join(folder, `${name}.${what}`);
  const seen = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  writeFileSync(path, String(seen + 1));
  return states[Math.min(seen, states.length - 1)];
}

const commands = {
  config() {
    return recording.context === undefined
      ? fail('error: current-context is not set')
      : print(`${recording.context}\n`);
  },
  create() {
    const job = JSON.parse(readFileSync(0, 'utf8'));
    job.metadata.name = `${job.metadata.generateName}x7k2p`;
    writeFileSync(join(folder, `${job.metadata.name}.json`), JSON.stringify(job));
    if (recording.creationAnswer !== undefined) {
      return fail(recording.creationAnswer);
    }
    print(job);
  },
  logs() {
    const following = args.includes('--follow');
    if (following && recording.logsCannotBeFollowed) {
      return fail('error: unexpected EOF');
    }
    if (!following && next('log', 'reads', [recording.logAwayOnce, false])) {
      return fail('Unable to connect to the server: net/http: TLS handshake timeout');
    }
    if (!following && recording.logsCannotBeRead) {
      return fail('Error from server (NotFound): pods not found');
    }
    const pod = args.find((each) => each.endsWith('-pod'));
    const log = runOf(jobNamed(pod.slice(0, -'-pod'.length))).logs[after('-c')] ?? '';
    print(following ? log.slice(0, recording.followedCharacters) : log.slice(recording.rotatedCharacters ?? 0));
    if (following && recording.followingNeverEnds) {
      setTimeout(() => undefined, 20_000);
    }
  },
  'get cronjobs': () => print({ items: after('-n') === 'school' ? recording.cronJobs : [] }),
  'get secret': () => print(Buffer.from(recording.secrets[args[2]]).toString('base64')),
  'get job'() {
    const job = jobNamed(args[2]);
    const state = next(args[2], 'job', runOf(job).job);
    if (state === 'away') {
      return fail('Unable to connect to the server: net/http: TLS handshake timeout');
    }
    return state === null
      ? fail(`Error from server (NotFound): jobs.batch "${args[2]}" not found`)
      : print({ ...job, status: state });
  },
  'get pods'() {
    const name = after('-l').split('=')[1];
    const status = next(name, 'pods', runOf(jobNamed(name)).pod);
    print({ items: status === null ? [] : [{ metadata: { name: `${name}-pod` }, status }] });
  },
};

if (recording.killedAt?.includes(args.slice(0, 2).join(' '))) {
  process.kill(process.pid, 'SIGKILL');
} else if (recording.down && args[0] !== 'config') {
  fail('The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?');
} else {
  (commands[args[0]] ?? commands[`${args[0]} ${args[1]}`])();
}
