import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Helm } from './helm';
import { compareObjects, documentCount, writeChart } from './helm-chart';
import type { ProcessCost } from './measured-process';
import { changeOneResource, type MooringRun, renderEnvironments } from './mooring';
import { median, table } from './table';

const SIZES = [10, 100, 1000, 2000];
const RUNS = 3;

/** Environments of which every object of Helm is compared with ours. */
const COMPARED = 10;

/** What was measured at one size, a value a run. */
interface Size {
  readonly environments: number;
  readonly mooring: readonly MooringRun[];
  readonly helm: readonly ProcessCost[];
}

async function run(scratch: string): Promise<void> {
  const helm = Helm.find();
  const chart = join(scratch, 'chart');
  if (helm === undefined) {
    say('helm skipped: Go is not installed');
  } else {
    const objects = await chartOfOurs(helm, chart, scratch);
    say(`helm renders the same ${objects} objects of ${COMPARED} environments as Mooring`);
  }
  say(`median of ${RUNS} runs, in turn; whole processes; ${cpus().length} cores; Node ${process.version}\n`);

  const sizes: Size[] = [];
  for (const environments of SIZES) {
    process.stderr.write(`measuring ${environments} environments\n`);
    sizes.push(await measureSize(environments, helm, chart, scratch));
  }
  say(comparison(sizes));
  say(`milliseconds of Mooring, by step\n${steps(sizes)}`);
  say(linearity(sizes));

  const [all, one] = await changeOneResource(100, mkdtempSync(join(scratch, 'change-')));
  say(`100 environments for the first time → files written: ${all?.written.length}`);
  say(`one resource changed → files written: ${one?.written.length} (${one?.written.join(', ')})`);
}

async function chartOfOurs(helm: Helm, chart: string, scratch: string): Promise<number> {
  const single = join(scratch, 'single');
  const several = join(scratch, 'several');
  const output = join(scratch, 'output');
  await renderEnvironments(1, single, output);
  writeChart(single, chart);
  await renderEnvironments(COMPARED, several, output);
  await helm.template(chart, COMPARED, output, join(scratch, 'home'));
  return compareObjects(several, output);
}

async function measureSize(environments: number, helm: Helm | undefined, chart: string, scratch: string) {
  const size = { environments, mooring: [] as MooringRun[], helm: [] as ProcessCost[] };
  for (let round = 0; round < RUNS; round++) {
    // Nothing is removed before the end: ext4 passes over each inode that was freed in the last minutes, and writing
    // the files of a round would take several times as long for those of the round before.
    const folder = join(scratch, `${environments}-${round}`);
    mkdirSync(folder);
    const output = join(folder, 'output');
    const ours = await renderEnvironments(environments, join(folder, 'dist'), output);
    size.mooring.push(ours);
    if (helm !== undefined) {
      size.helm.push(await helm.template(chart, environments, output, join(scratch, 'home')));
      const documents = documentCount(output);
      if (documents !== ours.report.objects) {
        throw new Error(`helm renders ${documents} objects where Mooring renders ${ours.report.objects}`);
      }
    }
  }
  return size;
}

function comparison(sizes: readonly Size[]): string {
  const heading = [
    'environments',
    'objects',
    'ours s',
    'helm s',
    'ours/helm',
    'without files',
    'objects/s',
    'ours MiB',
    'helm MiB',
  ];
  const rows = sizes.map(({ environments, mooring, helm }) => {
    const seconds = median(mooring.map((each) => each.seconds));
    // Helm writes one stream, Mooring a file a resource: the disk would hide how rendering compares.
    const rendering = median(mooring.map((each) => each.seconds - (each.report.phases.files ?? 0) / 1000));
    const objects = mooring[0]?.report.objects ?? 0;
    const theirs = helm.length > 0 ? median(helm.map((each) => each.seconds)) : undefined;
    return [
      String(environments),
      String(objects),
      seconds.toFixed(2),
      theirs?.toFixed(2) ?? '-',
      theirs === undefined ? '-' : (seconds / theirs).toFixed(2),
      theirs === undefined ? '-' : (rendering / theirs).toFixed(2),
      (objects / seconds).toFixed(0),
      median(mooring.map((each) => each.peakMiB ?? 0)).toFixed(0),
      helm[0]?.peakMiB === undefined ? '-' : median(helm.map((each) => each.peakMiB ?? 0)).toFixed(0),
    ];
  });
  return table(heading, rows);
}

function steps(sizes: readonly Size[]): string {
  const names = Object.keys(sizes[0]?.mooring[0]?.report.phases ?? {});
  const rows = sizes.map(({ environments, mooring }) => [
    String(environments),
    ...names.map((name) => median(mooring.map(({ report }) => report.phases[name] ?? 0)).toFixed(0)),
  ]);
  return table(['environments', ...names], rows);
}

/** Loading is left out: it does not grow with the environments and would make growth look smaller than it is. */
function linearity(sizes: readonly Size[]): string {
  const each = new Map(
    sizes.map(({ environments, mooring }) => {
      const work = ({ report: { phases } }: MooringRun) =>
        Object.entries(phases).reduce((sum, [name, time]) => (name === 'load' ? sum : sum + time), 0);
      return [environments, median(mooring.map(work)) / environments];
    }),
  );
  const [large = 0, middle = 1] = [each.get(2000), each.get(1000)];
  const list = [...each].map(([size, time]) => `${time.toFixed(2)} at ${size}`).join(', ');
  return `milliseconds for an environment, loading left out: ${list}; 2,000 against 1,000: ${(large / middle).toFixed(2)}`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'mooring-bench-'));
  try {
    await run(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

void main();
