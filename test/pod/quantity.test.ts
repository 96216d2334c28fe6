import { Size } from 'cdk8s';
import fc from 'fast-check';
import { quantity } from '../../lib/pod/quantity';

const KIBIBYTES = { Ki: 1, Mi: 1024, Gi: 1024 * 1024 };

/** A quantity as Kubernetes reads it. */
function read(text: string) {
  const { number, unit } = /^(?<number>\d+)(?<unit>Ki|Mi|Gi)$/.exec(text)?.groups ?? {};
  return { number: Number(number), unit, kibibytes: Number(number) * KIBIBYTES[unit as keyof typeof KIBIBYTES] };
}

test.each([
  [Size.kibibytes(1), '1Ki'],
  [Size.kibibytes(1023), '1023Ki'],
  [Size.kibibytes(1024), '1Mi'],
  [Size.kibibytes(1025), '1025Ki'],
  [Size.mebibytes(64), '64Mi'],
  [Size.mebibytes(1024), '1Gi'],
  [Size.mebibytes(1536), '1536Mi'],
  [Size.mebibytes(1.5), '1536Ki'],
  [Size.gibibytes(20), '20Gi'],
  [Size.tebibytes(2), '2048Gi'],
  [Size.kibibytes(0), '0Gi'],
])('%p is written %s', (size, text) => {
  expect(quantity(size)).toBe(text);
});

test('what is written reads back as the same size', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), (kibibytes) => {
      expect(read(quantity(Size.kibibytes(kibibytes))).kibibytes).toBe(kibibytes);
    }),
  );
});

test('no larger unit would be exact', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 2 ** 20 }), fc.constantFrom(1, 1024, 1024 * 1024));
  fc.assert(
    fc.property(sizes, ([count, factor]) => {
      const { number, unit } = read(quantity(Size.kibibytes(count * factor)));
      expect(unit === 'Gi' || number % 1024 !== 0).toBe(true);
    }),
  );
});

test('a size that is no whole number of KiB is refused', () => {
  expect(() => quantity(Size.mebibytes(0.0001))).toThrow('cannot be converted into a whole number of kibibytes');
});
