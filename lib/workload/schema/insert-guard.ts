import type { InsertStmt, Node, UpdateStmt } from 'libpg-query';
import { conjuncts, notExists, selectOf, tablesIn } from './guard';
import { quotedName, relationName, strings } from './identifier';
import { type Refusal, refusal } from './refusal';

/** Columns of each unique key of a table, by quoted table name. */
export type UniqueKeys = ReadonlyMap<string, readonly (readonly string[])[]>;

/** Functions that give another value at each call: as a key they never conflict, and the row is added again. */
const NEVER_THE_SAME =
  /^(gen_random_uuid|uuid_generate_v[14]\w*|uuidv[47]|random|nextval|now|clock_timestamp|statement_timestamp)$/;

const GUARDED_FORM = 'write INSERT … ON CONFLICT (key) DO NOTHING, with the key among the inserted columns';

/** Why an INSERT would add its rows again, or `undefined`. */
export function insertRefusal(insert: InsertStmt, keys: UniqueKeys): Refusal | undefined {
  const { relation, onConflictClause: conflict, selectStmt } = insert;
  if (conflict === undefined) {
    const guarded = conjuncts(selectOf(selectStmt)?.whereClause).some((term) =>
      tablesIn(notExists(term)?.fromClause).some((table) => table.split('.').at(-1) === relation?.relname),
    );
    return guarded ? undefined : refusal('adds the same rows at every start', GUARDED_FORM);
  }
  if (insert.cols === undefined || conflict.infer?.conname !== undefined) {
    return undefined;
  }
  const fixed = new Set(fixedColumns(insert));
  if (conflict.infer !== undefined) {
    const target = (conflict.infer.indexElems ?? []).flatMap((element) =>
      'IndexElem' in element && element.IndexElem.name !== undefined ? [element.IndexElem.name] : [],
    );
    const moving = target.find((column) => !fixed.has(column));
    return moving === undefined
      ? undefined
      : refusal(`adds the same rows at every start: the key "${moving}" gets a new value each time`, GUARDED_FORM);
  }
  const unique = keys.get(quotedName(relationName(relation)));
  return unique === undefined || unique.some((columns) => columns.every((column) => fixed.has(column)))
    ? undefined
    : refusal('adds the same rows at every start: no unique key is among the inserted columns', GUARDED_FORM);
}

/** Why an UPDATE would change rows again; filling what is empty (`SET x = … WHERE x IS NULL`) does not. */
export function updateRefusal(update: UpdateStmt): Refusal | undefined {
  const empty = conjuncts(update.whereClause).flatMap((term) => {
    const test = 'NullTest' in term && term.NullTest.nulltesttype === 'IS_NULL' ? term.NullTest.arg : undefined;
    return test !== undefined && 'ColumnRef' in test ? strings(test.ColumnRef.fields).slice(-1) : [];
  });
  const fills = (update.targetList ?? []).every(
    (target) => 'ResTarget' in target && empty.includes(target.ResTarget.name ?? ''),
  );
  return fills
    ? undefined
    : refusal(
        'overwrites at every start what people have changed since',
        'fill only what is empty: UPDATE … SET column = … WHERE column IS NULL',
      );
}

/** Inserted columns whose values are the same at each run. */
function fixedColumns(insert: InsertStmt): string[] {
  const select = selectOf(insert.selectStmt);
  const rows = select?.valuesLists?.map((row) => ('List' in row ? (row.List.items ?? []) : [])) ?? [
    (select?.targetList ?? []).map((target) => ('ResTarget' in target ? target.ResTarget.val : target)),
  ];
  return (insert.cols ?? []).flatMap((column, index) => {
    const name = 'ResTarget' in column ? column.ResTarget.name : undefined;
    return name === undefined || rows.some((row) => isNew(row[index])) ? [] : [name];
  });
}

function isNew(value: Node | undefined): boolean {
  if (value === undefined) {
    return false;
  }
  if ('SetToDefault' in value || 'SQLValueFunction' in value) {
    return true;
  }
  if ('TypeCast' in value) {
    return isNew(value.TypeCast.arg);
  }
  return (
    'FuncCall' in value &&
    (NEVER_THE_SAME.test(strings(value.FuncCall.funcname).at(-1) ?? '') || (value.FuncCall.args ?? []).some(isNew))
  );
}
