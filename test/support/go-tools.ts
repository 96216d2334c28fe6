import { folderWith, type GoProgram } from './go-program';

/** Databases whose drivers the tests do not need, by goose's own build tags. */
const LEFT_OUT = ['clickhouse', 'libsql', 'mssql', 'mysql', 'sqlite3', 'vertica', 'ydb'].map((name) => `no_${name}`);

/** The migration tool. */
export const GOOSE: GoProgram = {
  package: 'github.com/pressly/goose/v3/cmd/goose',
  version: 'v3.24.3',
  leastGo: '1.23',
  tags: LEFT_OUT,
};

/** An S3 server that keeps objects as plain files. */
export const VERSITYGW: GoProgram = {
  package: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
  leastGo: '1.25',
};

/** Folder with the program `goose`. */
export function gooseFolder(): string {
  return folderWith(GOOSE);
}
