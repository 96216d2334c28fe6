import fs from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { updateFiles, updateFolder } from '../../lib/render/update-folder';
import { removeFolder, run, scratchFolder } from '../support/process';

/** Files by path; a text that starts with `→` is a link to what follows. */
type Files = Readonly<Record<string, string>>;

let scratch: string;
let from: string;
let to: string;
beforeEach(async () => {
  scratch = await scratchFolder();
  from = join(scratch, 'from');
  to = join(scratch, 'to');
});
afterEach(() => removeFolder(scratch));

function plant(folder: string, files: Files): void {
  fs.mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (text.startsWith('→')) {
      fs.symlinkSync(text.slice(1), join(folder, path));
    } else {
      fs.writeFileSync(join(folder, path), text);
    }
  }
}

/** All that a folder holds; an empty folder is a path with `/` at its end. */
function harvest(folder: string, below = ''): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of fs.readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      const inside = harvest(folder, path);
      Object.assign(files, Object.keys(inside).length === 0 ? { [`${path}/`]: '' } : inside);
    } else {
      files[path] = entry.isSymbolicLink()
        ? `→${fs.readlinkSync(join(folder, path))}`
        : fs.readFileSync(join(folder, path), 'utf8');
    }
  }
  return files;
}

/** What changes when a file is touched: its inode and its times in nanoseconds. */
function identity(path: string): string {
  const { ino, mtimeNs, ctimeNs } = fs.lstatSync(path, { bigint: true });
  return [ino, mtimeNs, ctimeNs].join();
}

describe('updating a folder', () => {
  test('fills one that is missing', () => {
    plant(from, { 'a.yaml': 'a', 'b/c/d.yaml': 'd' });
    expect(updateFolder({ from, to })).toEqual({ written: ['a.yaml', 'b/c/d.yaml'], removed: [], unchanged: 0 });
    expect(harvest(to)).toEqual({ 'a.yaml': 'a', 'b/c/d.yaml': 'd' });
    expect(harvest(from)).toEqual({ 'a.yaml': 'a', 'b/c/d.yaml': 'd' });
  });

  test('writes one file when one resource changed, and leaves inode and times of the others', () => {
    const files = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`p/${n % 7}/${n}.yaml`, `content ${n}\n`]));
    plant(to, files);
    plant(from, { ...files, 'p/3/10.yaml': 'content 11\n' });
    const others = Object.keys(files).filter((path) => path !== 'p/3/10.yaml');
    const before = others.map((path) => identity(join(to, path)));
    expect(updateFolder({ from, to })).toEqual({ written: ['p/3/10.yaml'], removed: [], unchanged: 49 });
    expect(others.map((path) => identity(join(to, path)))).toEqual(before);
    expect(fs.readFileSync(join(to, 'p/3/10.yaml'), 'utf8')).toBe('content 11\n');
    expect(updateFolder({ from, to })).toEqual({ written: [], removed: [], unchanged: 50 });
  });

  test('tells a change from the same number of bytes', () => {
    plant(to, { a: 'ab', b: 'ab' });
    plant(from, { a: 'ba', b: 'abc' });
    expect(updateFolder({ from, to }).written).toEqual(['a', 'b']);
    expect(harvest(to)).toEqual({ a: 'ba', b: 'abc' });
  });

  test('removes what is stale and the folders that are empty then, also hidden ones and those that were empty', () => {
    plant(to, { 'keep/a': '1', 'keep/old': '1', 'old/x/y': '1', 'old/z': '1', '.DS_Store': '' });
    fs.mkdirSync(join(to, 'empty/in/empty'), { recursive: true });
    plant(from, { 'keep/a': '1' });
    fs.mkdirSync(join(from, 'nothing'));
    expect(updateFolder({ from, to })).toEqual({
      written: [],
      removed: ['.DS_Store', 'keep/old', 'old/x/y', 'old/z'],
      unchanged: 1,
    });
    expect(harvest(to)).toEqual({ 'keep/a': '1' });
  });

  test('writes new files first, then changed ones, and removes last', () => {
    plant(to, { a: 'old', b: 'stale', 'c/d': 'stale' });
    plant(from, { a: 'new', z: 'new' });
    const order: string[] = [];
    const spies = [
      jest.spyOn(fs, 'renameSync').mockImplementation((_, path) => order.push(`rename ${path}`)),
      jest.spyOn(fs, 'unlinkSync').mockImplementation((path) => order.push(`remove ${path}`)),
    ];
    updateFolder({ from, to });
    for (const spy of spies) {
      spy.mockRestore();
    }
    const expected = ['rename z', 'rename a', 'remove b', 'remove c/d'];
    expect(order).toEqual(expected.map((entry) => entry.replace(' ', ` ${to}/`)));
  });

  test('replaces a folder by a file and a file by a folder', () => {
    plant(to, { 'a/b/c': '1', 'a/d': '1', e: '1', 'f/g': '1' });
    plant(from, { a: '2', 'e/f': '2', 'f/g/h': '2' });
    expect(updateFolder({ from, to })).toEqual({
      written: ['a', 'e/f', 'f/g/h'],
      removed: ['a/b/c', 'a/d', 'e', 'f/g'],
      unchanged: 0,
    });
    expect(harvest(to)).toEqual({ a: '2', 'e/f': '2', 'f/g/h': '2' });
  });

  test('does not follow links: what they point at stays as it is', () => {
    const outside = join(scratch, 'outside');
    plant(outside, { a: 'mine', 'b/c': 'mine' });
    plant(to, {
      a: `→${outside}/a`,
      b: `→${outside}/b`,
      stale: `→${outside}`,
      dangling: '→nowhere',
      'd/e': `→${outside}`,
    });
    plant(from, { a: 'mine', 'b/c': 'new', 'd/e': 'new' });
    const update = updateFolder({ from, to });
    expect(update).toEqual({ written: ['a', 'b/c', 'd/e'], removed: ['b', 'dangling', 'stale'], unchanged: 0 });
    expect(harvest(to)).toEqual({ a: 'mine', 'b/c': 'new', 'd/e': 'new' });
    expect(harvest(outside)).toEqual({ a: 'mine', 'b/c': 'mine' });
  });

  test('keeps a file whose name differs in case only where the file system takes both names for one', () => {
    plant(to, { 'Old/Service.yaml': 'old', 'same.YAML': 'same', 'STALE.yaml': '' });
    plant(from, { 'old/service.yaml': 'new', 'same.yaml': 'same' });
    const restore = ignoreCase(scratch);
    const updates = [updateFolder({ from, to }), updateFolder({ from, to })];
    restore();
    expect(updates).toEqual([
      { written: ['old/service.yaml'], removed: ['STALE.yaml'], unchanged: 1 },
      { written: [], removed: [], unchanged: 2 },
    ]);
    expect(harvest(to)).toEqual({ 'Old/Service.yaml': 'new', 'same.YAML': 'same' });
  });

  test('takes names that differ in case for two where the file system does', () => {
    plant(to, { 'a.YAML': 'a', 'b.YAML': 'b', 'b.yaml': 'b', 'c.yaml': 'c' });
    fs.linkSync(join(to, 'c.yaml'), join(to, 'c.YAML'));
    plant(from, { 'a.yaml': 'a', 'b.yaml': 'b', 'c.yaml': 'c' });
    expect(updateFolder({ from, to })).toEqual({
      written: ['a.yaml'],
      removed: ['a.YAML', 'b.YAML', 'c.YAML'],
      unchanged: 2,
    });
    expect(harvest(to)).toEqual(harvest(from));
  });

  test('makes any tree out of any other', () => {
    const name = fc.constantFrom('a', 'b', 'c.yaml', 'd e', 'ü', '-', '.x');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
    const entries = (content: string[]): fc.Arbitrary<Files> =>
      fc
        .uniqueArray(fc.tuple(path, fc.constantFrom(...content)), { maxLength: 12, selector: ([key]) => key })
        .map((list) => list.filter(([one]) => !list.some(([other]) => other.startsWith(`${one}/`))))
        .map(Object.fromEntries);
    const outside = join(scratch, 'outside');
    plant(outside, { 'a/b': 'mine' });
    fc.assert(
      fc.property(
        entries(['', '1', '2', 'longer']).filter((files) => Object.keys(files).length > 0),
        entries(['', '1', '2', 'longer', `→${outside}`, `→${outside}/a/b`, '→b']),
        (wanted, old) => {
          removeFolder(from);
          removeFolder(to);
          plant(from, wanted);
          plant(to, old);
          const update = updateFolder({ from, to });
          expect(harvest(to)).toEqual(harvest(from));
          const differs = (file: string): boolean => !Object.hasOwn(old, file) || wanted[file] !== old[file];
          expect(update.written).toEqual(Object.keys(wanted).filter(differs).sort());
          expect(update.removed).toEqual(
            Object.keys(old)
              .filter((file) => !Object.hasOwn(wanted, file))
              .sort(),
          );
          expect(update.written.length + update.unchanged).toBe(Object.keys(wanted).length);
          expect(harvest(outside)).toEqual({ 'a/b': 'mine' });
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('killed at any step, an update', () => {
  const OLD: Files = { 'same/a': 'same', 'same/b': 'old content', 'gone/c': 'old c', e: 'old e', 'f/g': 'old g' };
  const NEW: Files = { 'same/a': 'same', 'same/b': 'new content', 'added/d': 'new d', 'e/h': 'new h', f: 'new f' };

  test('leaves every file old or new, and the next one finishes the work', async () => {
    plant(from, NEW);
    let survived = false;
    const seen = new Set<string>();
    const attempts = Array.from({ length: 40 }, (_, index) => index + 1);
    const worker = async (): Promise<void> => {
      for (let killAt = attempts.shift(); killAt !== undefined && !survived; killAt = attempts.shift()) {
        const target = join(scratch, `to-${killAt}`);
        plant(target, OLD);
        const child = await run(
          'node',
          ['-r', 'ts-node/register/transpile-only', KILLED_UPDATE, from, target, `${killAt}`],
          {
            cwd: join(__dirname, '../..'),
          },
        );
        survived ||= child.code === 0;
        expect([child.signal ?? child.code, child.stderr]).toEqual([child.code === 0 ? 0 : 'SIGKILL', '']);
        const left = harvest(target);
        for (const [path, text] of Object.entries(left)) {
          if (TEMPORARY.test(path)) {
            seen.add('a part of a file, under a temporary name');
          } else if (!path.endsWith('/')) {
            seen.add(text);
            expect([OLD[path], NEW[path]]).toContain(text);
          }
        }
        const update = updateFolder({ from, to: target });
        expect(update.removed.filter((path) => !Object.hasOwn(OLD, path))).toEqual([]);
        expect(harvest(target)).toEqual(NEW);
      }
    };
    await Promise.all([worker(), worker()]);
    expect(survived).toBe(true);
    expect(seen).toEqual(
      new Set([...Object.values(OLD), ...Object.values(NEW), 'a part of a file, under a temporary name']),
    );
  });
});

describe('while another one is under way', () => {
  const OLD: Files = {
    'a/.mooring-0123456789abcdef.tmp': 'of a killed update',
    'a/same': 'same',
    'a/b': 'old b',
    'gone/a': 'old',
    'gone/b/c': 'old',
    z: 'old',
  };
  const NEW: Files = { 'a/same': 'same', 'a/b': 'new b', 'added/d': 'new d', e: 'new e' };
  /** A file where a folder was, and a folder where a file was. */
  const TURNED: readonly [Files, Files] = [
    { ...OLD, 'file/a': 'old', folder: 'old' },
    { ...NEW, file: 'new', 'folder/a': 'new' },
  ];

  /** Updates and, right before the n-th step, lets another update do all of its work. Were there so many steps? */
  function updateAround(update: () => void, other: () => void, n: number): boolean {
    const names = ['copyFileSync', 'mkdirSync', 'readdirSync', 'renameSync', 'rmdirSync', 'unlinkSync'] as const;
    const real = Object.fromEntries(names.map((name) => [name, fs[name]]));
    let steps = 0;
    const interrupted = names.map((name) => [
      name,
      (...args: unknown[]) => {
        steps += 1;
        if (steps === n) {
          Object.assign(fs, real);
          other();
        }
        return (real[name] as (...each: unknown[]) => unknown)(...args);
      },
    ]);
    Object.assign(fs, Object.fromEntries(interrupted));
    try {
      update();
    } finally {
      Object.assign(fs, real);
    }
    return steps >= n;
  }

  test('an update of a folder ends, and so does the other, wherever it comes between', () => {
    const [old, wanted] = TURNED;
    plant(from, wanted);
    let n = 0;
    let between: boolean;
    do {
      n += 1;
      const target = join(scratch, `to-${n}`);
      plant(target, old);
      const update = () => updateFolder({ from, to: target });
      between = updateAround(update, update, n);
      expect([n, harvest(target)]).toEqual([n, wanted]);
    } while (between);
    expect(n).toBeGreaterThan(15);
  });

  test('an update of files ends, and so does the other, wherever it comes between', () => {
    plant(from, NEW);
    let n = 0;
    let between: boolean;
    do {
      n += 1;
      const target = join(scratch, `to-${n}`);
      plant(target, OLD);
      const update = () => updateFiles({ from, to: target });
      between = updateAround(update, update, n);
      expect([n, harvest(target)]).toEqual([n, { 'gone/a': 'old', 'gone/b/c': 'old', z: 'old', ...NEW }]);
    } while (between);
    expect(n).toBeGreaterThan(10);
  });
});

describe('an update is refused, and nothing is touched, when', () => {
  const old = { a: 'old' };

  test.each<[string, () => void, string]>([
    ['the source is missing', () => undefined, 'nothing was synthesized: FROM holds no file; TO stays as it was'],
    [
      'the source is empty',
      () => fs.mkdirSync(from),
      'nothing was synthesized: FROM holds no file; TO stays as it was',
    ],
    [
      'the source holds folders only',
      () => fs.mkdirSync(join(from, 'a/b'), { recursive: true }),
      'nothing was synthesized: FROM holds no file; TO stays as it was',
    ],
    [
      'the source is a file',
      () => fs.writeFileSync(from, 'a'),
      'nothing was synthesized: FROM holds no file; TO stays as it was',
    ],
    [
      'the source holds links',
      () => plant(from, { a: 'new', b: '→a', 'c/d': '→nowhere' }),
      'FROM may hold files and folders only; TO stays as it was; remove b, c/d',
    ],
  ])('%s', (_, prepare, message) => {
    plant(to, old);
    prepare();
    const expected = message.replace('FROM', from).replace('TO', to);
    expect(() => updateFolder({ from, to })).toThrow(new Error(expected));
    expect(() => updateFiles({ from, to })).toThrow(new Error(expected));
    expect(harvest(to)).toEqual(old);
  });

  test('the target is not a folder', () => {
    plant(from, { a: 'new' });
    plant(scratch, { other: 'a', 'real/a': 'mine', link: '→real' });
    for (const target of ['other', 'link']) {
      const path = join(scratch, target);
      expect(() => updateFolder({ from, to: path })).toThrow(
        new Error(`${path} is not a folder; move it away or give another one`),
      );
    }
    expect(harvest(join(scratch, 'real'))).toEqual({ a: 'mine' });
  });

  test('the target is the root of a Git work tree', () => {
    plant(from, { a: 'new' });
    plant(to, { '.git/HEAD': 'ref', a: 'old' });
    expect(() => updateFolder({ from, to })).toThrow(
      `${to} is the root of a Git work tree, which this would remove; give a folder inside it`,
    );
    expect(harvest(to)).toEqual({ '.git/HEAD': 'ref', a: 'old' });
  });

  // Should the refusal ever be lost, what is removed then still lies below the test's own folder.
  test.each(['.', 'sub', '..', '../..'])('the target is %s of the source', (path) => {
    const source = join(scratch, 'around/nearer/source');
    plant(scratch, { 'around/c': 'mine' });
    plant(source, { a: 'new', 'sub/b': 'new' });
    const target = join(source, path);
    expect(() => updateFolder({ from: source, to: target })).toThrow(
      `${source} and ${target} lie in one another; give two folders side by side`,
    );
    expect(harvest(source)).toEqual({ a: 'new', 'sub/b': 'new' });
    expect(harvest(join(scratch, 'around'))).toMatchObject({ c: 'mine' });
  });
});

describe('writing files into a folder that holds others', () => {
  test('touches nothing else, links and Git included', () => {
    const others = { '.git/HEAD': 'ref', 'docs/mine.md': 'mine', link: '→docs', 'src/a': 'a' };
    plant(to, { ...others, 'docs/page.md': 'old', 'docs/same.md': 'same' });
    plant(from, { 'docs/page.md': 'new', 'docs/same.md': 'same', 'docs/added/b.md': 'b' });
    const same = identity(join(to, 'docs/same.md'));
    expect(updateFiles({ from, to })).toEqual({
      written: ['docs/added/b.md', 'docs/page.md'],
      removed: [],
      unchanged: 1,
    });
    expect(harvest(to)).toEqual({ ...others, ...harvest(from) });
    expect(identity(join(to, 'docs/same.md'))).toBe(same);
  });

  test('sweeps what a killed update left beside them', () => {
    plant(to, { 'docs/.mooring-0123456789abcdef.tmp': 'ha', 'docs/.mooring.tmp': 'mine' });
    plant(from, { 'docs/a.md': 'a' });
    expect(updateFiles({ from, to }).removed).toEqual([]);
    expect(harvest(to)).toEqual({ 'docs/.mooring.tmp': 'mine', 'docs/a.md': 'a' });
  });
});

const KILLED_UPDATE = join(__dirname, 'killed-update.ts');
const TEMPORARY = /(?:^|\/)\.mooring-[0-9a-f]{16}\.tmp$/;

/** Lets the file functions find names below a folder whatever their case, as macOS does; returns what undoes it. */
function ignoreCase(root: string): () => void {
  const names = [
    'copyFileSync',
    'lstatSync',
    'mkdirSync',
    'readdirSync',
    'readFileSync',
    'renameSync',
    'rmdirSync',
  ] as const;
  const readdirSync = fs.readdirSync;
  const actual = (path: unknown): unknown => {
    if (typeof path !== 'string' || !path.startsWith(`${root}/`)) {
      return path;
    }
    let found = root;
    for (const name of path.slice(root.length + 1).split('/')) {
      const present = fs.existsSync(found) ? readdirSync(found) : [];
      found = join(found, present.find((entry) => entry.toLowerCase() === name.toLowerCase()) ?? name);
    }
    return found;
  };
  const spies = [...names, 'statSync' as const, 'unlinkSync' as const].map((name) => {
    const real = fs[name] as (...args: unknown[]) => unknown;
    return jest.spyOn(fs, name).mockImplementation(((...args: unknown[]) => real(...args.map(actual))) as never);
  });
  return () => {
    for (const spy of spies) {
      spy.mockRestore();
    }
  };
}
