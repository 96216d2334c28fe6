import type { Context, Figures, Scenario } from '../context';
import { isReady } from '../objects';
import { BACKEND, NAMESPACE } from '../volaticloud';
import { deploy, volaticloud } from '../volaticloud-deployment';
import { expect } from '../waiting';

async function run(context: Context): Promise<Figures> {
  const seconds = await deploy(context);
  const pods = await context.kubectl.pods(NAMESPACE, BACKEND);
  expect('two pods of the backend are ready', pods.filter(isReady).length === 2, pods.length);
  return Object.fromEntries([...seconds].map(([name, each]) => [`commit → ${name}`, `${each} s`]));
}

/** VolatiCloud's staging from a commit. */
export const volaticloudDeployment: Scenario = {
  name: 'Flux deploys VolatiCloud: two pods of the backend and two of the dashboard become ready',
  deploys: volaticloud,
  run,
};
