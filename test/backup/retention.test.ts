import { Retention } from '../../lib/backup/retention';

test.each([1, 30, 365, 36_500])('backups are kept for %d days', (days) => {
  const retention = Retention.days(days);
  expect(retention.days).toBe(days);
  expect(retention.env).toEqual([{ name: 'RETENTION_DAYS', value: String(days) }]);
});

test.each([0, -1, 0.5, 30.5, Number.NaN, Number.POSITIVE_INFINITY, 36_501])('%d days are refused', (days) => {
  expect(() => Retention.days(days)).toThrow(
    `backup retention of ${days} days is not possible; give a whole number of days, at least 1 and at most 36500`,
  );
});
