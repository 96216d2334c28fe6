import type { Node, RangeVar } from 'libpg-query';
import { type Refusal, refusal } from './refusal';
import type { NodeTag } from './sql-grammar';

const REMOVES = refusal(
  'removes something at every start',
  'leave it out, the older version of the app still needs it; remove things in a migration of their own',
);
const TRANSACTION = refusal(
  'schema-sync itself runs the whole file in one transaction',
  'leave it out; the file is applied in full or not at all',
);
const OUTSIDE = refusal('cannot run inside a transaction, or is not about this database', 'run it by hand');
const SESSION = refusal('changes the session, not the schema', 'leave it out, or name the schema in each statement');
const MAINTENANCE = refusal('repeats long work at every start', 'leave it out; autovacuum or a CronJob does it');

/** Statements that no guard makes harmless. */
const NEVER: Partial<Record<NodeTag, Refusal>> = {
  DropStmt: REMOVES,
  DropRoleStmt: REMOVES,
  DropOwnedStmt: REMOVES,
  DropUserMappingStmt: REMOVES,
  DropSubscriptionStmt: REMOVES,
  DropTableSpaceStmt: OUTSIDE,
  DropdbStmt: OUTSIDE,
  TruncateStmt: refusal('deletes all rows at every start', 'leave it out; delete rows in a migration of their own'),
  DeleteStmt: refusal('deletes rows at every start', 'leave it out; delete rows in a migration of their own'),
  MergeStmt: refusal('changes rows at every start', 'write INSERT … ON CONFLICT (…) DO NOTHING'),
  CopyStmt: refusal('adds the same rows at every start', 'write INSERT … ON CONFLICT (…) DO NOTHING'),
  TransactionStmt: TRANSACTION,
  CreatedbStmt: OUTSIDE,
  CreateTableSpaceStmt: OUTSIDE,
  CreateSubscriptionStmt: OUTSIDE,
  AlterSubscriptionStmt: OUTSIDE,
  AlterSystemStmt: OUTSIDE,
  AlterDatabaseStmt: OUTSIDE,
  AlterDatabaseSetStmt: OUTSIDE,
  VariableSetStmt: SESSION,
  VariableShowStmt: SESSION,
  ConstraintsSetStmt: SESSION,
  DiscardStmt: SESSION,
  LoadStmt: SESSION,
  LockStmt: refusal('makes every reader wait', 'leave it out; schema-sync takes the locks that it needs'),
  ListenStmt: SESSION,
  UnlistenStmt: SESSION,
  NotifyStmt: SESSION,
  PrepareStmt: SESSION,
  ExecuteStmt: SESSION,
  DeallocateStmt: SESSION,
  DeclareCursorStmt: SESSION,
  FetchStmt: SESSION,
  ClosePortalStmt: SESSION,
  ExplainStmt: SESSION,
  VacuumStmt: MAINTENANCE,
  ClusterStmt: MAINTENANCE,
  ReindexStmt: MAINTENANCE,
  CheckPointStmt: MAINTENANCE,
  RefreshMatViewStmt: MAINTENANCE,
};

const TEMPORARY = refusal('is temporary: it is gone when schema-sync ends', 'make it permanent, or leave it out');

/** Why a statement is refused whatever stands around it. */
export function neverAllowed(node: Node): Refusal | undefined {
  if ('AlterTableStmt' in node) {
    return (node.AlterTableStmt.cmds ?? []).some(removes) ? REMOVES : undefined;
  }
  if ('AlterDomainStmt' in node) {
    return node.AlterDomainStmt.subtype === 'X' ? REMOVES : undefined;
  }
  if ('IndexStmt' in node && node.IndexStmt.concurrent === true) {
    return refusal('CONCURRENTLY cannot run inside a transaction', 'write CREATE INDEX IF NOT EXISTS without it');
  }
  if (isTemporary(node)) {
    return TEMPORARY;
  }
  return NEVER[Object.keys(node)[0] as NodeTag];
}

function removes(command: Node): boolean {
  const subtype = 'AlterTableCmd' in command ? command.AlterTableCmd.subtype : undefined;
  return subtype === 'AT_DropColumn' || subtype === 'AT_DropConstraint';
}

function isTemporary(node: Node): boolean {
  return createdRelation(node)?.relpersistence === 't';
}

function createdRelation(node: Node): RangeVar | undefined {
  if ('CreateStmt' in node) {
    return node.CreateStmt.relation;
  }
  if ('CreateTableAsStmt' in node) {
    return node.CreateTableAsStmt.into?.rel;
  }
  if ('CreateSeqStmt' in node) {
    return node.CreateSeqStmt.sequence;
  }
  return 'ViewStmt' in node ? node.ViewStmt.view : undefined;
}
