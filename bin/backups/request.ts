import { parseArgs } from 'node:util';
import { CommandFailure } from './command-failure';

/** What each action takes on the command line. */
const ACTIONS = {
  list: { name: 'none', options: ['json'] },
  create: { name: 'none', options: [] },
  verify: { name: 'or all', options: ['all', 'json'] },
  restore: { name: 'required', options: ['yes-i-mean', 'accept-newer', 'without-safety-backup'] },
  rollback: { name: 'none', options: ['yes-i-mean'] },
  'drop-old': { name: 'none', options: ['yes-i-mean'] },
  delete: { name: 'required', options: ['yes-i-mean'] },
  confirm: { name: 'none', options: [] },
  files: { name: 'none', options: [] },
  'restore-files': { name: 'required', options: [] },
} as const satisfies Record<string, { name: 'none' | 'or all' | 'required'; options: readonly string[] }>;

/** What `mooring backups` can do. */
export type Action = keyof typeof ACTIONS;

/** A checked command line. */
export interface Request {
  readonly platform: string;
  readonly environment: string;
  readonly action: Action;
  /** Name of a backup, `<prefix>_YYYYMMDD_HHMMSS`. */
  readonly name?: string;
  readonly all: boolean;
  readonly json: boolean;
  /** The database that the user says to mean, in place of an answer to the question. */
  readonly meant?: string;
  readonly acceptNewer: boolean;
  readonly withoutSafetyBackup: boolean;
}

const BACKUP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*_\d{8}_\d{6}$/;

/**
 * Reads the arguments after `mooring backups`.
 *
 * @throws CommandFailure with status 2 and every problem
 */
export function readRequest(args: readonly string[]): Request {
  const { positionals, values } = parse(args);
  const [platform, environment, action, ...names] = positionals;
  if (platform === undefined || environment === undefined || action === undefined) {
    throw wrong(['say which platform, which environment and what to do']);
  }
  if (!isAction(action)) {
    throw wrong([`there is no action "${action}"; choose one of ${Object.keys(ACTIONS).join(', ')}`]);
  }
  const given = Object.keys(values);
  const { name, options } = ACTIONS[action];
  const foreign = given.filter((option) => !(options as readonly string[]).includes(option));
  const problems = [
    ...foreign.map((option) => `"${action}" has no option --${option}`),
    ...nameProblems(action, name, names, values.all === true),
  ];
  if (problems.length > 0) {
    throw wrong(problems);
  }
  return {
    platform,
    environment,
    action,
    name: names[0],
    all: values.all === true,
    json: values.json === true,
    meant: values['yes-i-mean'],
    acceptNewer: values['accept-newer'] === true,
    withoutSafetyBackup: values['without-safety-backup'] === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        all: { type: 'boolean' },
        'yes-i-mean': { type: 'string' },
        'accept-newer': { type: 'boolean' },
        'without-safety-backup': { type: 'boolean' },
      },
    });
  } catch (error) {
    throw wrong([(error as Error).message]);
  }
}

function isAction(text: string): text is Action {
  return Object.hasOwn(ACTIONS, text);
}

function nameProblems(action: Action, rule: string, names: readonly string[], all: boolean): string[] {
  const [name, ...more] = names;
  if (rule === 'none') {
    return name === undefined ? [] : [`"${action}" takes no name, but got "${names.join(' ')}"`];
  }
  if (rule === 'or all' && (name === undefined) !== all) {
    return ['"verify" takes either the name of one backup or --all'];
  }
  if (rule === 'required' && name === undefined) {
    return [`"${action}" needs the name of a backup, as "list" shows it`];
  }
  const odd = name === undefined || BACKUP_NAME.test(name) ? [] : [name];
  return [
    ...odd.map(
      (each) => `"${each}" is no name of a backup; write it as "list" shows it, such as school_20261120_190000`,
    ),
    ...(more.length > 0 ? [`"${action}" takes one name, but got ${names.length}`] : []),
  ];
}

function wrong(problems: readonly string[]): CommandFailure {
  return new CommandFailure(2, [...problems, 'see "mooring backups --help"'].join('\n'));
}
