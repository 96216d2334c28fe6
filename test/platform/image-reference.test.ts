import fc from 'fast-check';
import { ImageReference } from '../../lib/platform/image-reference';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

test.each([
  ['postgres:17.6-bookworm', 'postgres', '17.6-bookworm', undefined],
  ['postgres:17', 'postgres', '17', undefined],
  ['library/postgres:17', 'library/postgres', '17', undefined],
  [
    'registry.example.com/school/platform:prod-20261114.48213',
    'registry.example.com/school/platform',
    'prod-20261114.48213',
    undefined,
  ],
  ['registry.example.com:5000/app:1', 'registry.example.com:5000/app', '1', undefined],
  ['localhost:5000/a/b__c.d--e:v1_2.3-x', 'localhost:5000/a/b__c.d--e', 'v1_2.3-x', undefined],
  [`app:${'a'.repeat(128)}`, 'app', 'a'.repeat(128), undefined],
  [`app@${DIGEST}`, 'app', undefined, DIGEST],
  [`app:1.2@${DIGEST}`, 'app', '1.2', DIGEST],
  [`app:17@${DIGEST}`, 'app', '17', DIGEST],
  [`app:latest@${DIGEST}`, 'app', 'latest', DIGEST],
])('"%s" is read, and written as it was', (text, repository, tag, digest) => {
  const image = ImageReference.parse(text);
  expect({ ...image }).toEqual({ repository, tag, digest });
  expect(image.toString()).toBe(text);
  expect(`${image}`).toBe(text);
});

test.each([
  '',
  ':1',
  'app:',
  'app@',
  'App:1',
  'a b:1',
  'app:1 ',
  'app:1\n',
  '/app:1',
  'a//b:1',
  'app:-1',
  'app:.1',
  `app:${'a'.repeat(129)}`,
  'https://registry.example.com/app:1',
  'app@sha256:0123',
  `app@${DIGEST.toUpperCase()}`,
  `app@${DIGEST}0`,
])('%j is no reference', (text) => {
  expect(() => ImageReference.parse(text)).toThrow(
    `image "${text}" is not a reference; write repository:tag, e.g. postgres:17.6-bookworm`,
  );
});

test.each(['postgres', 'registry.example.com:5000/app'])('"%s" names no version', (text) => {
  expect(() => ImageReference.parse(text)).toThrow(
    `image "${text}" has neither tag nor digest; add one, e.g. ${text}:1.2.3`,
  );
});

test.each(['postgres:latest', 'registry.example.com/app:latest'])('"%s" may be anything tomorrow', (text) => {
  expect(() => ImageReference.parse(text)).toThrow(
    `image "${text}" moves with every push; name a version instead of latest`,
  );
});

test('what a repository and a tag are made of is found again', () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,5}([.-][a-z0-9]{1,3})?$/);
  const repository = fc
    .tuple(part, fc.option(fc.nat(65_535)), fc.array(part, { maxLength: 3 }))
    .filter(([, port, path]) => port === null || path.length > 0)
    .map(([host, port, path]) => [port === null ? host : `${host}:${port}`, ...path].join('/'));
  const word = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}$/).filter((text) => text !== 'latest');
  // A number alone could be a port as well.
  const tag = fc.oneof(word, fc.nat(99_999).map(String));
  fc.assert(
    fc.property(repository, tag, (name, version) => {
      const image = ImageReference.parse(`${name}:${version}`);
      expect([image.repository, image.tag]).toEqual([name, version]);
    }),
  );
});
