import { readRequest } from '../../../bin/backups/request';

const NAME = 'school_20261120_190000';

const read = (line: string) => readRequest(line.split(' ').filter(Boolean));

test.each([
  ['list', {}],
  ['list --json', { json: true }],
  ['create', {}],
  [`verify ${NAME}`, { name: NAME }],
  ['verify --all --json', { all: true, json: true }],
  [`restore ${NAME}`, { name: NAME }],
  [`restore ${NAME} --yes-i-mean school`, { name: NAME, meant: 'school' }],
  [`restore --yes-i-mean=school ${NAME}`, { name: NAME, meant: 'school' }],
  [
    `restore ${NAME} --accept-newer --without-safety-backup`,
    { name: NAME, acceptNewer: true, withoutSafetyBackup: true },
  ],
  ['rollback', {}],
  ['drop-old', {}],
  [`delete ${NAME}`, { name: NAME }],
  ['confirm', {}],
  ['files', {}],
  ['restore-files school-evidence_20261120_190000', { name: 'school-evidence_20261120_190000' }],
])('"%s" is understood', (line, expected) => {
  const [action] = line.split(' ');
  const nothing = {
    name: undefined,
    all: false,
    json: false,
    meant: undefined,
    acceptNewer: false,
    withoutSafetyBackup: false,
  };
  expect(read(`school prod ${line}`)).toEqual({
    platform: 'school',
    environment: 'prod',
    action,
    ...nothing,
    ...expected,
  });
});

test.each([
  ['', 'which platform, which environment'],
  ['school prod', 'what to do'],
  [
    'school prod remove',
    'no action "remove"; choose one of list, create, verify, restore, rollback, drop-old, delete, confirm, files, restore-files',
  ],
  ['school prod toString', 'no action "toString"'],
  ['school prod list --jsno', "'--jsno'"],
  ['school prod create --json', '"create" has no option --json'],
  [`school prod verify ${NAME} --yes-i-mean school`, '"verify" has no option --yes-i-mean'],
  ['school prod rollback --accept-newer', '"rollback" has no option --accept-newer'],
  ['school prod verify', 'either the name of one backup or --all'],
  [`school prod verify ${NAME} --all`, 'either the name of one backup or --all'],
  ['school prod restore', '"restore" needs the name of a backup'],
  ['school prod delete', '"delete" needs the name of a backup'],
  [`school prod delete ${NAME} ${NAME}`, '"delete" takes one name, but got 2'],
  [`school prod rollback ${NAME}`, '"rollback" takes no name'],
  ['school prod restore ../etc/passwd', '"../etc/passwd" is no name of a backup'],
  [`school prod restore ${NAME}.sql.gz`, 'write it as "list" shows it'],
  [`school prod restore ${NAME} --yes-i-mean`, 'yes-i-mean'],
])('"%s" is refused with a reason', (line, reason) => {
  expect(() => read(line)).toThrow(expect.objectContaining({ status: 2, message: expect.stringContaining(reason) }));
});

test('all that is wrong is said at once', () => {
  expect(() => read('school prod delete a b --all --json')).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/no option --all\n.*no option --json\n"a" is no name.*\n.*one name, but got 2/),
    }),
  );
});
