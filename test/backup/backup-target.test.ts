import { BackupTarget, type S3Props } from '../../lib/backup/backup-target';
import { SecretReference } from '../../lib/platform/secret-reference';

const secret = new SecretReference('shop-s3', { ID: 'access key', SECRET: 'its secret' });

const minimal: S3Props = {
  endpoint: 'https://s3.example.com',
  bucket: 'shop-backups',
  prefix: 'prod/db',
  accessKeyId: secret.key('ID'),
  secretAccessKey: secret.key('SECRET'),
};

const everything: Required<S3Props> = { ...minimal, region: 'eu-central-1', provider: 'AWS', address: '10.0.0.9' };

test('a claim is a volume', () => {
  const claim = { name: 'shop-backups' };
  expect(BackupTarget.claim(claim)).toMatchObject({ volume: claim, store: undefined });
});

test('an object store is what was given, and where to connect', () => {
  const { volume, store } = BackupTarget.s3(everything);
  expect(volume).toBeUndefined();
  expect(store).toMatchObject(everything);
  expect(store?.network).toMatchObject({ host: 's3.example.com', port: 443, address: '10.0.0.9' });
});

test.each(['prod', 'prod/db', 'a.b_c-d/E'])('"%s" is a prefix', (prefix) => {
  expect(BackupTarget.s3({ ...minimal, prefix }).store?.prefix).toBe(prefix);
});

test.each(['', '/prod', 'prod/', 'a//b', '../b', 'a/../b', '.', 'a b', 'ä'])('"%s" is no prefix', (prefix) => {
  expect(() => BackupTarget.s3({ ...minimal, prefix })).toThrow(`S3 prefix "${prefix}" is not a folder`);
});

test('all that is wrong with a store is said at once', () => {
  const wrong = { ...minimal, endpoint: 's3.example.com', bucket: 'Shop', prefix: '/' };
  expect(() => BackupTarget.s3(wrong)).toThrow(
    [
      'S3 endpoint: an address is not of the web; write https:// or http:// and the host',
      'S3 bucket "Shop" is not a name; write 3 to 63 lower-case letters, digits, dots and dashes',
      'S3 prefix "/" is not a folder; write letters, digits, ".", "_", "-", with "/" between folders, e.g. backups/shop',
    ].join('\n'),
  );
});
