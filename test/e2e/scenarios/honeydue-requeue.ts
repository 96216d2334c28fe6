import type { Context, Figures, Scenario } from '../context';
import { FluxController } from '../flux-controller';
import { API, CONTROLLER_NAMESPACE, LAYERS, NAMESPACE } from '../honeydue';
import { honeydue } from '../honeydue-deployment';
import { FIRST_MIGRATIONS, HoneydueReleases, migration, tagOf } from '../honeydue-releases';
import { Visitors } from '../visitors';

/** Flux' default, and what the local cluster has. */
const PERIODS = ['30s', '2s'] as const;

async function run(context: Context): Promise<Figures> {
  const controller = new FluxController(context.kubectl);
  if (!controller.isProgram) {
    return { 'not measured': 'the flags of kustomize-controller cannot be changed here' };
  }
  const releases = new HoneydueReleases(context);
  const url = `http://${API}.${NAMESPACE}/`;
  const visitors = await Visitors.start(context.kubectl, CONTROLLER_NAMESPACE, url, false);
  let migrations: Record<string, string> = FIRST_MIGRATIONS;
  const figures: Record<string, string> = {};
  try {
    for (const [i, period] of PERIODS.entries()) {
      await controller.restart(period);
      const number = 81 + i;
      migrations = { ...migrations, [`000${number}_table.sql`]: migration('SELECT pg_sleep(2);') };
      await releases.prepare({ tag: tagOf(number), migrations, design: 'own layer' });
      const commit = await context.repository.publish(`release ${number}`);
      const begun = performance.now();
      await context.flux.fetch();
      const answered = (await visitors.firstAnswerOf(tagOf(number), 180)) - begun;
      figures[`--requeue-dependency=${period}`] = `${(answered / 1000).toFixed(1)} s`;
      await context.flux.applied(commit, [LAYERS.app], 240);
    }
    return figures;
  } finally {
    await visitors.leave();
  }
}

/** What Flux' period for unready dependencies costs where the Job has a layer of its own. */
export const honeydueRequeue: Scenario = {
  name: 'how long a release with a layer of its own for the Job takes with --requeue-dependency 30s and 2s',
  platform: honeydue,
  run,
  async restore({ kubectl }) {
    const controller = new FluxController(kubectl);
    if (controller.isProgram) {
      await controller.restart(PERIODS[1]);
    }
  },
};
