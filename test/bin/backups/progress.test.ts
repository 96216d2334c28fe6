import { Progress } from '../../../bin/backups/progress';

function shown(stream: { readonly isTTY: boolean; readonly columns?: number }): {
  progress: Progress;
  written: string[];
} {
  const written: string[] = [];
  return { progress: new Progress({ ...stream, write: (text) => written.push(text) }), written };
}

test('a terminal has one line that is rewritten, and cleared for other words', () => {
  const { progress, written } = shown({ isTTY: true, columns: 80 });
  progress.show('dump running');
  progress.show('dump running');
  progress.clear();
  expect(written).toEqual(['\r\u001b[K0 s  dump running', '\r\u001b[K0 s  dump running', '\r\u001b[K']);
});

test.each([
  [20, 19],
  [0, 79],
])('a line never wraps, because what wraps cannot be rewritten: %d columns', (columns, length) => {
  const { progress, written } = shown({ isTTY: true, columns });
  progress.show('x'.repeat(100));
  expect(written[0]?.slice('\r\u001b[K'.length)).toHaveLength(length);
});

test('elsewhere each change is a plain line, once', () => {
  const { progress, written } = shown({ isTTY: false });
  progress.show('no pod yet');
  progress.show('no pod yet');
  progress.show('dump running');
  progress.clear();
  expect(written).toEqual(['0 s  no pod yet\n', '0 s  dump running\n']);
});
