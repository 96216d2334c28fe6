import fc from 'fast-check';
import { CHECKSUM_ANNOTATION, configChecksum } from '../../lib/platform/config-checksum';

const data = fc.dictionary(fc.string(), fc.string());

test('the annotation is checksum/<ConfigMap name>', () => {
  expect(CHECKSUM_ANNOTATION).toBe('checksum/');
});

// printf '[["a","1"],["b","2"]]' | sha256sum
test('a checksum is the sha256 of the sorted entries, and so the same in every version and on every machine', () => {
  expect(configChecksum({ a: '1', b: '2' })).toBe('5f13efef7cdd95e7a0171a4cc6ef643955a42f10ad9dd98c6b2f1f4e6903f7f5');
});

test('the order of the keys does not matter', () => {
  fc.assert(
    fc.property(data, (files) => {
      const reversed = Object.fromEntries(Object.entries(files).reverse());
      expect(configChecksum(reversed)).toBe(configChecksum(files));
    }),
  );
});

test('other content has another checksum', () => {
  fc.assert(
    fc.property(data, data, (one, other) => {
      fc.pre(JSON.stringify(Object.entries(one).sort()) !== JSON.stringify(Object.entries(other).sort()));
      expect(configChecksum(one)).not.toBe(configChecksum(other));
    }),
  );
});

test.each([
  [{ a: '1' }, { a: '2' }],
  [{ a: '1' }, { b: '1' }],
  [{ a: 'b' }, { ab: '' }],
  [{}, { a: '' }],
  [{}, { '': '' }],
  [{ 'a\0b': '' }, { a: '', b: '' }],
])('%j and %j differ', (one, other) => {
  expect(configChecksum(one)).not.toBe(configChecksum(other));
});
