import { Agreement } from './agreement';
import type { Backup, Catalogue } from './catalogue';
import { catalogueTable } from './catalogue-table';
import { CommandFailure } from './command-failure';
import { plainText } from './plain-text';
import { deletePlan, dropOldPlan, restorePlan, rollbackPlan } from './plan';
import type { Action, Request } from './request';
import type { Session } from './session';

/** Does what the command line says. `open` finds the cluster; to be called when the command line is right. */
type Do = (open: () => Promise<Session>, request: Request) => Promise<void>;

/** Swaps work on the server alone: a store that is away must not stand in their way. */
const WITHOUT_STORE = { withoutStore: true };

/** What each action does; one that fails throws a CommandFailure. */
export const ACTIONS: Readonly<Record<Action, Do>> = {
  async list(open, { json }) {
    show(await (await open()).list(), json);
  },

  async create(open) {
    await (await open()).run('backup');
  },

  async verify(open, { name, json }) {
    const { failure, ...catalogue } = await (await open()).verify(name ?? '--all');
    if (json || catalogue.backups.length > 0) {
      show(catalogue, json);
    }
    if (failure !== undefined) {
      throw new CommandFailure(1, failure);
    }
  },

  async confirm(open) {
    const session = await open();
    await session.run('catalogue', session.catalogueJob(['confirm']));
    if (session.has('files')) {
      await session.run('files', { args: ['confirm'] });
    }
  },

  async files(open) {
    if (!(await (await open()).run('files', { args: ['list'] }))) {
      throw new CommandFailure(1, 'the list may be cut off; try again');
    }
  },

  async 'restore-files'(open, { name = '' }) {
    await (await open()).run('files', { args: ['restore', name] });
  },

  async restore(open, request) {
    const agreement = Agreement.possible(request);
    const session = await open();
    const target = await agreement.target(session, 'restore');
    const backup = named(request, (await session.list()).backups);
    if (backup.verification === 'unverified') {
      throw new CommandFailure(1, `${backup.name} is unverified; run "verify ${backup.name}" first, which adopts it`);
    }
    await agreement.reach(restorePlan(backup, target, request, new Date()), target);
    await session.run('restore', {
      args: ['restore', backup.name],
      env: {
        ...(request.acceptNewer ? { ACCEPT_NEWER: 'yes' } : {}),
        ...(request.withoutSafetyBackup ? { SAFETY_BACKUP: 'no' } : {}),
      },
    });
  },

  async rollback(open, request) {
    const agreement = Agreement.possible(request);
    const session = await open();
    const target = await agreement.target(session, 'restore');
    await agreement.reach(rollbackPlan(target), target);
    await session.run('restore', { args: ['rollback'], ...WITHOUT_STORE });
  },

  async 'drop-old'(open, request) {
    const agreement = Agreement.possible(request);
    const session = await open();
    const target = await agreement.target(session, 'restore');
    await agreement.reach(dropOldPlan(target), target);
    await session.run('restore', { args: ['drop-old'], ...WITHOUT_STORE });
  },

  async delete(open, request) {
    const agreement = Agreement.possible(request);
    const session = await open();
    const target = await agreement.target(session, 'catalogue');
    const { backups } = await session.list();
    const backup = named(request, backups);
    const verified = backups.filter(({ verification }) => verification === 'verified');
    if (verified.length === 1 && verified[0] === backup) {
      throw new CommandFailure(1, `${backup.name} is the last verified backup and stays; make another one first`);
    }
    await agreement.reach(deletePlan(backup, target, new Date()), target);
    await session.run('catalogue', session.catalogueJob(['delete', backup.name]));
  },
};

function show(catalogue: Catalogue, json: boolean): void {
  process.stdout.write(
    json ? `${JSON.stringify(catalogue, undefined, 2)}\n` : plainText(catalogueTable(catalogue, new Date())),
  );
}

function named({ name }: Request, backups: readonly Backup[]): Backup {
  const backup = backups.find((each) => each.name === name);
  if (backup === undefined) {
    throw new CommandFailure(1, `there is no backup ${name}; "list" shows what there is`);
  }
  return backup;
}
