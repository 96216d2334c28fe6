import { Endpoint } from '../../lib/backup/endpoint';
import { SecretUrl } from '../../lib/backup/secret-url';
import { SecretReference } from '../../lib/platform/secret-reference';

const key = new SecretReference('shop-chat', { URL: 'webhook' }).key('URL');

test.each([
  ['https://s3.example.com', 's3.example.com', 443],
  ['https://s3.example.com/', 's3.example.com', 443],
  ['http://192.168.1.10:9000', '192.168.1.10', 9000],
  ['http://push.example.com', 'push.example.com', 80],
])('%s is host %s and port %d', (origin, host, port) => {
  expect(Endpoint.of(origin)).toMatchObject({ host, port, address: undefined });
});

test('a host in a private network has an address', () => {
  expect(Endpoint.of('https://nas.example.lan', { address: '10.1.2.3' }).address).toBe('10.1.2.3');
});

test.each(['', 's3.example.com', 's3://bucket', 'ftp://example.com'])('"%s" is no address of the web', (origin) => {
  expect(() => Endpoint.of(origin)).toThrow('an address is not of the web; write https:// or http:// and the host');
});

test.each([
  'https://hooks.slack.com/services/T0/B0/geheim',
  'https://hooks.slack.com/?token=geheim',
  'https://hooks.slack.com/#geheim',
  'https://user:geheim@hooks.slack.com',
])('a secret URL that is given in place of its origin is refused and not repeated', (url) => {
  const attempt = () => Endpoint.of(url);
  expect(attempt).toThrow(
    'the address at hooks.slack.com says more than where to connect; write "https://hooks.slack.com" alone',
  );
  expect(attempt).not.toThrow('geheim');
});

test('what is no IPv4 address is refused as one', () => {
  expect(() => Endpoint.of('https://nas.example.lan', { address: 'nas' })).toThrow(
    '"nas" is not the IPv4 address of nas.example.lan; write four numbers, e.g. 192.168.1.10',
  );
});

test('Slack’s host is known; that of any other URL is given', () => {
  expect(SecretUrl.slack(key)).toMatchObject({ key, endpoint: { host: 'hooks.slack.com', port: 443 } });
  expect(SecretUrl.at('https://hc-ping.com', key)).toMatchObject({ key, endpoint: { host: 'hc-ping.com', port: 443 } });
  expect(SecretUrl.at('http://kuma.lan:3001', key, { address: '10.0.0.7' }).endpoint).toMatchObject({
    host: 'kuma.lan',
    port: 3001,
    address: '10.0.0.7',
  });
});
