import { conditionName } from './guard';

/** A statement in a DO block that ignores the failure with which it tells that its object is there. */
export function handledBy(statement: string, sqlstate: string): string {
  let tag = '$$';
  for (let n = 1; statement.includes(tag); n++) {
    tag = `$do${n}$`;
  }
  return `DO ${tag} BEGIN ${statement}; EXCEPTION WHEN ${conditionName(sqlstate)} THEN NULL; END ${tag}`;
}
