import { AgeEncryption, type AgeEncryptionProps } from '../../lib/backup/age-encryption';
import { ImageReference } from '../../lib/platform/image-reference';

// From age's own README.
const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const image = ImageReference.parse('registry.example.com/age:1.2.1');

const everything: Required<AgeEncryptionProps> = { recipients: [RECIPIENT], image, program: '/usr/local/bin/age' };

test('it is what was given; age lies in /usr/bin unless it does not', () => {
  expect(new AgeEncryption(everything)).toEqual(everything);
  expect(new AgeEncryption({ recipients: [RECIPIENT], image }).program).toBe('/usr/bin/age');
});

test('a hybrid key is one, too', () => {
  const recipient = `age1pq1${'q'.repeat(1952)}`;
  expect(new AgeEncryption({ recipients: [recipient], image }).recipients).toEqual([recipient]);
});

test('without a recipient nobody could read the backups', () => {
  expect(() => new AgeEncryption({ recipients: [], image })).toThrow(
    'encryption has no recipients; give at least one public key (age1…)',
  );
});

test('everything that is no public key is named', () => {
  const wrong = ['age1', RECIPIENT.toUpperCase(), `${RECIPIENT} `, 'ssh-ed25519 AAAA', RECIPIENT.replace('q', 'b')];
  const message = wrong.map(
    (each) => `recipient "${each}" is not a public key of age; give one as age-keygen prints it`,
  );
  for (const line of message) {
    expect(() => new AgeEncryption({ recipients: [RECIPIENT, ...wrong], image })).toThrow(line);
  }
});

test('a private key is refused and not repeated', () => {
  const attempt = () => new AgeEncryption({ recipients: ['AGE-SECRET-KEY-1GEHEIM'], image });
  expect(attempt).toThrow('a recipient is a private key of age; give its public half (age-keygen -y)');
  expect(attempt).not.toThrow('GEHEIM');
});
