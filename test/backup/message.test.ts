import { join } from 'node:path';
import * as fc from 'fast-check';
import { removeFolder, run, scratchFolder } from '../support/process';
import { curlImage } from './curl-image';

const SCRIPT = join(__dirname, '../../lib/backup/scripts/message.sh');
const LIMIT = 3000;

let scratch: string;
let PATH: string;

beforeAll(async () => {
  scratch = await scratchFolder();
  PATH = await curlImage(scratch);
});

afterAll(() => removeFolder(scratch));

/** The JSON that Slack gets for each of the texts, which are bytes that the shell's printf makes. */
async function payloads(texts: readonly Uint8Array[]): Promise<string[]> {
  const lines = texts.map((bytes) => [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''));
  const script = '. "$1"; while IFS= read -r text; do printf "$text" | slack_payload; done';
  const result = await run('sh', ['-euc', script, 'sh', SCRIPT], { env: { PATH }, input: `${lines.join('\n')}\n` });
  expect([result.code, result.stderr]).toEqual([0, '']);
  return result.stdout.split('\n').slice(0, -1);
}

async function payload(text: string): Promise<string> {
  const [line = ''] = await payloads([Buffer.from(text)]);
  return line;
}

/** What a person should read. Bytes that are not UTF-8 are U+FFFD, as everywhere on the web. */
function shown(bytes: Uint8Array): string {
  const text = [...new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)]
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
    .map((character) => character.replace(/[\x00-\x08\x0b-\x1f\x7f]/, ' '));
  return text.length > LIMIT ? `${text.slice(0, LIMIT).join('')}…` : text.join('');
}

function read(json: string): string {
  expect(json).toMatch(/^[\x20-\x7e]*$/);
  const { text } = JSON.parse(json) as { text: string };
  expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}

test.each([
  ['quotes and backslashes', 'a "b" \\ c\\n', '{"text":"a \\"b\\" \\\\ c\\\\n"}'],
  ['what means something to Slack', '<!channel> & <@U1>', '{"text":"&lt;!channel&gt; &amp; &lt;@U1&gt;"}'],
  ['line breaks and tabs', 'a\n\tb', '{"text":"a\\n\\tb"}'],
  ['control characters', 'a\u001b[31mb\rc\u007f', '{"text":"a [31mb c "}'],
  ['umlauts and faces', 'Zoë 日 😀', '{"text":"Zo\\u00eb \\u65e5 \\ud83d\\ude00"}'],
  ['percent signs', '100%s %', '{"text":"100%s %"}'],
  ['nothing', '', '{"text":""}'],
])('%s', async (_, text, json) => {
  expect(await payload(text)).toBe(json);
});

test('a long text is cut between characters and says so', async () => {
  expect(read(await payload('é'.repeat(LIMIT)))).toBe('é'.repeat(LIMIT));
  expect(read(await payload('😀'.repeat(LIMIT + 5)))).toBe(`${'😀'.repeat(LIMIT)}…`);
});

test('any text arrives as it is', async () => {
  const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 40 }), 300).map((text) => Buffer.from(text));
  expect((await payloads(texts)).map(read)).toEqual(texts.map(shown));
}, 120_000);

test('any bytes give JSON that Slack can read', async () => {
  const odd = fc.constantFrom(
    0xc0,
    0xc2,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xf5,
    0xff,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0x41,
  );
  const texts = fc.sample(fc.array(odd, { maxLength: 12 }), 300).map((bytes) => Uint8Array.from(bytes));
  expect((await payloads(texts)).map(read)).toEqual(texts.map(shown));
}, 120_000);
