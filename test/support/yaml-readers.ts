import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { CORE_SCHEMA, load, mergeTag, realMapTag, type Schema, YAML11_SCHEMA } from 'js-yaml';
import { parseDocument } from 'yaml';
import { goYamlProgram, PYTHON } from './yaml-programs';

/** What a reader made of a document. Keys that are not text, dates and the like are errors, as JSON has none. */
export type Reading = { readonly value: unknown } | { readonly error: string };

/** Every reader that a generated file may meet. */
export const YAML_READERS = [
  'PyYAML',
  'gopkg.in/yaml.v3',
  'sigs.k8s.io/yaml',
  'js-yaml 1.2',
  'js-yaml 1.1',
  'yaml 1.2',
  'yaml 1.1',
] as const;
export type YamlReaderName = (typeof YAML_READERS)[number];

/** All readers, PyYAML and go-yaml as one process each that answers document by document. */
export class YamlReaders {
  private readonly python = new LineProcess(PYTHON, ['-I', join(__dirname, 'pyyaml.py')]);
  private readonly go = new LineProcess(goYamlProgram(), []);

  /** Reads one document with every reader. */
  public async read(document: string): Promise<Record<YamlReaderName, Reading>> {
    const line = JSON.stringify(document);
    const [python, go] = await Promise.all([this.python.ask(line), this.go.ask(line)]);
    const { v3, kubernetes } = go as Record<'v3' | 'kubernetes', Reading>;
    return {
      PyYAML: python as Reading,
      'gopkg.in/yaml.v3': v3,
      'sigs.k8s.io/yaml': kubernetes,
      'js-yaml 1.2': readJsYaml(document, CORE_SCHEMA),
      'js-yaml 1.1': readJsYaml(document, YAML11_SCHEMA.withTags(mergeTag)),
      'yaml 1.2': readYaml(document, '1.2'),
      'yaml 1.1': readYaml(document, '1.1'),
    };
  }

  /** Ends the processes. */
  public async stop(): Promise<void> {
    await Promise.all([this.python.stop(), this.go.stop()]);
  }
}

/** A process that answers each line of its input with one line of JSON, in order. */
class LineProcess {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];
  private readonly ended: Promise<void>;
  private unread = '';
  private errors = '';

  public constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args);
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.receive(text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        for (const { reject } of this.waiting.splice(0)) {
          reject(new Error(`${command} ended without an answer: ${reason}`));
        }
        resolve();
      };
      this.child.on('error', (error) => end(error.message));
      this.child.on('close', () => end(this.errors));
    });
  }

  public ask(line: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${line}\n`);
    });
  }

  public async stop(): Promise<void> {
    this.child.stdin.end();
    await this.ended;
  }

  private receive(text: string): void {
    const lines = (this.unread + text).split('\n');
    this.unread = lines.pop() ?? '';
    for (const line of lines) {
      this.waiting.shift()?.resolve(JSON.parse(line));
    }
  }
}

function readJsYaml(document: string, schema: Schema): Reading {
  return reading(() => load(document, { schema: schema.withTags(realMapTag) }));
}

function readYaml(document: string, version: '1.1' | '1.2'): Reading {
  return reading(() => {
    const parsed = parseDocument(document, { version });
    const [problem] = [...parsed.errors, ...parsed.warnings];
    if (problem !== undefined) {
      throw problem;
    }
    return parsed.toJS({ mapAsMap: true });
  });
}

function reading(read: () => unknown): Reading {
  try {
    return { value: withoutMaps(read()) };
  } catch (error) {
    return { error: String(error) };
  }
}

/** Maps become objects; a key that is not text would turn into text there and hide that it was misread. */
function withoutMaps(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutMaps);
  }
  if (value instanceof Map) {
    return Object.fromEntries(
      [...value].map(([key, item]) => {
        if (typeof key !== 'string') {
          throw new Error(`key read as ${String(key)}`);
        }
        return [key, withoutMaps(item)];
      }),
    );
  }
  if (typeof value === 'object' && value !== null) {
    throw new Error(`read as ${Object.prototype.toString.call(value)}`);
  }
  return value;
}
