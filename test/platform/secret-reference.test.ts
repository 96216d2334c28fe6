import { SecretReference } from '../../lib/platform/secret-reference';

const secret = new SecretReference('db-secret', { POSTGRES_USER: 'owner', POSTGRES_PASSWORD: 'its password' });

test('a variable reads the key of its own name', () => {
  expect(secret.env('POSTGRES_USER')).toEqual({
    name: 'POSTGRES_USER',
    valueFrom: { secretKeyRef: { name: 'db-secret', key: 'POSTGRES_USER' } },
  });
});

test('a variable may read a key of another name', () => {
  expect(secret.env('PGUSER', 'POSTGRES_USER')).toEqual({
    name: 'PGUSER',
    valueFrom: { secretKeyRef: { name: 'db-secret', key: 'POSTGRES_USER' } },
  });
});

test('a key can be handed on, and read into a variable of any name', () => {
  expect(secret.key('POSTGRES_USER').env('PGUSER')).toEqual(secret.env('PGUSER', 'POSTGRES_USER'));
  expect(secret.key('POSTGRES_USER')).toEqual({ secret: 'db-secret', key: 'POSTGRES_USER' });
});

// Every object of JavaScript has a "constructor": a key counts only when somebody declared it.
test.each(['POSTGRES_DB', 'constructor'])('the key %s, which nobody declared, is refused', (key) => {
  const message = `secret "db-secret" has no key "${key}" (it has POSTGRES_USER, POSTGRES_PASSWORD); declare it with the secret`;
  expect(() => secret.env('PGDATABASE', key)).toThrow(message);
  expect(() => secret.key(key)).toThrow(message);
});
