import fc from 'fast-check';
import { fields } from '../../lib/platform/fields';
import { problemsOf } from '../../lib/platform/problems';

const refusal = (field: keyof typeof fields, value: unknown) => problemsOf(fields[field], value, 'here');

describe('a DNS label', () => {
  test.each(['a', '0', 'prod', 'us-prod', 'a--b', 'a'.repeat(63)])('may be "%s"', (label) => {
    expect(refusal('dnsLabel', label)).toEqual([]);
  });

  test.each(['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a b', 'ä', 'a\n', 'a'.repeat(64)])('may not be %j', (label) => {
    expect(refusal('dnsLabel', label)).toEqual([
      `here: the document is ${JSON.stringify(label)}; write lower-case letters, digits and dashes, at most 63`,
    ]);
  });

  test('is what the API server accepts as a name of most kinds', () => {
    const alphabet = fc.constantFrom('a', 'z', '0', '9', '-', '.', '_', 'A', '\n');
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 66 }), (text) => {
        // k8s.io/apimachinery, IsDNS1123Label
        const accepted = text.length <= 63 && /^(?!.*\n)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/s.test(text);
        expect(fields.dnsLabel.safeParse(text).success).toBe(accepted);
      }),
    );
  });
});

describe('a host name', () => {
  const longest = `${'a.'.repeat(125)}abc`;

  const label = 'a'.repeat(63);

  test.each([
    'school.example.com',
    'a.b',
    'ab.cd',
    `${label}.${label}`,
    'xn--bcher-kva.example',
    '1.example.com',
    longest,
  ])('may be "%s"', (host) => {
    expect(refusal('hostName', host)).toEqual([]);
  });

  test.each([
    'localhost',
    'School.example.com',
    'https://school.example.com',
    'a..b',
    '.a.b',
    'a.b.',
    '*.a.b',
    'a_b.c',
  ])('may not be "%s"', (host) => {
    expect(refusal('hostName', host)).toEqual([
      `here: the document is "${host}"; write a full host name in lower case, e.g. school.example.com`,
    ]);
  });

  test('has at most 253 characters', () => {
    expect(longest).toHaveLength(253);
    expect(refusal('hostName', `${longest}d`)).toEqual([
      `here: the document is "${longest}d"; write at most 253 characters`,
    ]);
  });
});
