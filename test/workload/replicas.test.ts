import fc from 'fast-check';
import { type Autoscaling, Replicas } from '../../lib/workload/replicas';

const everything: Required<Autoscaling> = { minimum: 2, maximum: 5, cpuPercent: 80, memoryPercent: 90 };

test('a fixed number is always there', () => {
  expect({ ...Replicas.fixed(3) }).toEqual({ minimum: 3, autoscaling: undefined });
});

test('a range keeps at least its minimum', () => {
  expect({ ...Replicas.scaled(everything) }).toEqual({ minimum: 2, autoscaling: everything });
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('%p replicas are refused', (count) => {
  const message = `must be a whole number of at least 1, got ${count}`;
  expect(() => Replicas.fixed(count)).toThrow(`replicas ${message}`);
  expect(() => Replicas.scaled({ minimum: count, maximum: 9 })).toThrow(`minimum replicas ${message}`);
});

test.each([
  [2, 1],
  [3, 3.5],
  [3, Number.NaN],
])('a range from %p to %p is refused', (minimum, maximum) => {
  expect(() => Replicas.scaled({ minimum, maximum })).toThrow(
    `maximum replicas must be a whole number of at least ${minimum}, got ${maximum}`,
  );
});

test('every range that is not empty is taken', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(100), (minimum, more) => {
      expect(Replicas.scaled({ minimum, maximum: minimum + more }).minimum).toBe(minimum);
    }),
  );
});

describe.each(['cpuPercent', 'memoryPercent'] as const)('%s', (field) => {
  test.each([1, 70, 100])('may be %p', (percent) => {
    expect(Replicas.scaled({ minimum: 1, maximum: 2, [field]: percent }).autoscaling).toHaveProperty(field, percent);
  });

  test.each([0, -1, 101, Number.NaN])('may not be %p', (percent) => {
    expect(() => Replicas.scaled({ minimum: 1, maximum: 2, [field]: percent })).toThrow(
      `utilisation ${percent} % is not within 1–100; it is a share of the container's request`,
    );
  });
});
