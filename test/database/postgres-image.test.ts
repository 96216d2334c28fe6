import { postgresMajor } from '../../lib/database/postgres-image';
import { ImageReference } from '../../lib/platform/image-reference';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['postgres:17.6-bookworm', 17],
  ['postgres:18.0-trixie', 18],
  ['postgres:15.14-bullseye', 15],
  ['postgres:17-bookworm', 17],
  ['registry.example.com:5000/mirror/postgres:16.10-bookworm', 16],
  [`postgres:17.6-bookworm@${DIGEST}`, 17],
])('%s is major %d', (text, major) => {
  expect(postgresMajor(ImageReference.parse(text))).toBe(major);
});

test.each([
  'postgres:17.6',
  'postgres:17.6-alpine',
  'postgres:17.6-alpine3.22',
  'postgres:17.6-buster',
  'postgres:17.6-bookworms',
  'postgres:bookworm',
  'postgres:v17.6-bookworm',
  'postgres:18beta1-trixie',
  `postgres@${DIGEST}`,
])('%s is refused: its C library could change, or its version is not to be seen', (text) => {
  expect(() => postgresMajor(ImageReference.parse(text))).toThrow(
    `postgres image "${text}" does not name its version and Debian release; ` +
      'write a tag such as 17.6-bookworm (with -bullseye, -bookworm, -trixie)',
  );
});
