import type { AlterTableCmd, Node } from 'libpg-query';
import type { DeclaredObject } from './declared-object';
import { listedName, literal, type QualifiedName, quotedName, relationName, strings } from './identifier';
import type { SqlText } from './sql-text';
import { elementObjects, isNamed } from './table-elements';

/** A statement of the file, or of a DO block in it. */
export interface PlacedStatement {
  readonly node: Node;
  readonly source: SqlText;
  readonly line: number;
  /** The statement as a file may hold it. */
  readonly text: string;
}

/** What a statement declares, in the order of the text. */
export function declaredBy(statement: PlacedStatement): DeclaredObject[] {
  const { node, source, text: alter } = statement;
  if ('CreateStmt' in node || 'CreateForeignTableStmt' in node) {
    const created = 'CreateStmt' in node ? node.CreateStmt : node.CreateForeignTableStmt.base;
    const table = relationName(created?.relation);
    const elements = (created?.tableElts ?? []).flatMap((element) => elementObjects(element, { table, source }));
    return [object(statement, 'table', table), ...elements];
  }
  if ('AlterTableStmt' in node) {
    const table = relationName(node.AlterTableStmt.relation);
    const elements = isForATable(node) ? (node.AlterTableStmt.cmds ?? []).flatMap(definitionOf) : [];
    return elements.flatMap((element) => elementObjects(element, { table, source, alter }));
  }
  return [...named(node).map(([kind, name, parent]) => object(statement, kind, name, parent)), ...labels(statement)];
}

/** Whether a statement does nothing at all once what it declares is there; one with OR REPLACE always does something. */
export function onlyCreates(node: Node): boolean {
  if ('AlterTableStmt' in node) {
    const commands = node.AlterTableStmt.cmds ?? [];
    return isForATable(node) && commands.every((cmd) => 'AlterTableCmd' in cmd && addsNamed(cmd.AlterTableCmd));
  }
  const body: { replace?: boolean } | undefined = Object.values(node)[0];
  const isLabel = 'AlterEnumStmt' in node && node.AlterEnumStmt.oldVal === undefined;
  return body?.replace !== true && ('CreateStmt' in node || isLabel || named(node).length > 0);
}

/** ALTER TABLE IF EXISTS does not declare anything: the table may be missing for good. */
function isForATable(node: Extract<Node, { AlterTableStmt: unknown }>): boolean {
  return node.AlterTableStmt.objtype === 'OBJECT_TABLE' && node.AlterTableStmt.missing_ok !== true;
}

function addsNamed({ subtype, def }: AlterTableCmd): boolean {
  const isConstraint = subtype === 'AT_AddConstraint' && def !== undefined && 'Constraint' in def;
  return subtype === 'AT_AddColumn' || (isConstraint && isNamed(def.Constraint));
}

function definitionOf(command: Node): Node[] {
  const definition = 'AlterTableCmd' in command ? command.AlterTableCmd.def : undefined;
  return definition === undefined ? [] : [definition];
}

function object(
  { line, text: statement }: PlacedStatement,
  kind: DeclaredObject['kind'],
  { schema, name }: QualifiedName,
  parent = '',
): DeclaredObject {
  return { kind, schema, parent, name, line, statement, written: true };
}

/** Labels of an enum, and one that is added to it. */
function labels({ node, line }: PlacedStatement): DeclaredObject[] {
  const label = ({ schema, name: type }: QualifiedName, name: string, written: boolean): DeclaredObject => {
    const statement = `ALTER TYPE ${quotedName({ schema, name: type })} ADD VALUE IF NOT EXISTS ${literal(name)}`;
    return { kind: 'label', schema, parent: type, name, line, statement, written };
  };
  if ('CreateEnumStmt' in node) {
    const { typeName, vals } = node.CreateEnumStmt;
    return strings(vals).map((name) => label(listedName(typeName), name, false));
  }
  if ('AlterEnumStmt' in node && node.AlterEnumStmt.oldVal === undefined) {
    return [label(listedName(node.AlterEnumStmt.typeName), node.AlterEnumStmt.newVal ?? '', true)];
  }
  return [];
}

/** Kind, name and table of what other statements create. */
function named(node: Node): [DeclaredObject['kind'], QualifiedName, string?][] {
  return kindAndName(node).filter(([, { name }]) => name !== '');
}

function kindAndName(node: Node): [DeclaredObject['kind'], QualifiedName, string?][] {
  if ('IndexStmt' in node) {
    const { schema, name: table } = relationName(node.IndexStmt.relation);
    return [['index', { schema, name: node.IndexStmt.idxname ?? '' }, table]];
  }
  if ('CreateTrigStmt' in node) {
    const { schema, name: table } = relationName(node.CreateTrigStmt.relation);
    return [['trigger', { schema, name: node.CreateTrigStmt.trigname ?? '' }, table]];
  }
  if ('CreateTableAsStmt' in node) {
    const { objtype, into } = node.CreateTableAsStmt;
    return [[objtype === 'OBJECT_MATVIEW' ? 'materialized view' : 'table', relationName(into?.rel)]];
  }
  if ('DefineStmt' in node) {
    return node.DefineStmt.kind === 'OBJECT_AGGREGATE' ? [['function', listedName(node.DefineStmt.defnames)]] : [];
  }
  if ('CreateSchemaStmt' in node) {
    return [['schema', { schema: '', name: node.CreateSchemaStmt.schemaname ?? '' }]];
  }
  if ('CreateExtensionStmt' in node) {
    return [['extension', { schema: '', name: node.CreateExtensionStmt.extname ?? '' }]];
  }
  if ('CreateSeqStmt' in node) {
    return [['sequence', relationName(node.CreateSeqStmt.sequence)]];
  }
  if ('ViewStmt' in node) {
    return [['view', relationName(node.ViewStmt.view)]];
  }
  if ('CreateFunctionStmt' in node) {
    return [['function', listedName(node.CreateFunctionStmt.funcname)]];
  }
  return typeName(node).map((name) => ['type', name]);
}

function typeName(node: Node): QualifiedName[] {
  if ('CreateEnumStmt' in node) {
    return [listedName(node.CreateEnumStmt.typeName)];
  }
  if ('CompositeTypeStmt' in node) {
    return [relationName(node.CompositeTypeStmt.typevar)];
  }
  if ('CreateRangeStmt' in node) {
    return [listedName(node.CreateRangeStmt.typeName)];
  }
  return 'CreateDomainStmt' in node ? [listedName(node.CreateDomainStmt.domainname)] : [];
}
