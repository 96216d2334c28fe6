import { objectName } from '../../lib/platform/manifest';

test('messages call an object Kind/name', () => {
  const metadata = { name: 'school-platform', namespace: 'school' };
  expect(objectName({ apiVersion: 'apps/v1', kind: 'Deployment', metadata })).toBe('Deployment/school-platform');
});
