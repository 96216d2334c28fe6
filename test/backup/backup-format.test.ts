import { BackupFormat } from '../../lib/backup/backup-format';

test.each([
  [BackupFormat.plain(), { FORMAT: 'plain' }],
  [BackupFormat.plain({ gzipLevel: 9 }), { FORMAT: 'plain', COMPRESSION_LEVEL: '9' }],
  [BackupFormat.custom(), { FORMAT: 'custom' }],
  [BackupFormat.custom({ zstdLevel: 19 }), { FORMAT: 'custom', COMPRESSION_LEVEL: '19' }],
])('format %# is told to the script, and a level only when it was chosen', (format, env) => {
  expect(Object.fromEntries(format.env.map(({ name, value }) => [name, value]))).toEqual(env);
});

test.each([0, 10, 1.5, Number.NaN])('gzip level %d is refused', (gzipLevel) => {
  expect(() => BackupFormat.plain({ gzipLevel })).toThrow(
    `gzip level ${gzipLevel} is not possible; give a whole number from 1 to 9`,
  );
});

test.each([0, 20, 2.5])('zstd level %d is refused', (zstdLevel) => {
  expect(() => BackupFormat.custom({ zstdLevel })).toThrow(
    `zstd level ${zstdLevel} is not possible; give a whole number from 1 to 19`,
  );
});
