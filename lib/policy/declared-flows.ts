import type { Flow } from '../platform/flow';
import { defineRule } from './define-rule';
import { type Opening, openingsOf, workloadOf } from './openings';

/**
 * NetworkPolicies open exactly the flows that the composition declares: what is declared is open at both ends, and
 * what is open is declared, so that the picture on the platform's page is the truth.
 */
export const declaredFlows = defineRule('declared-flows', (view, report) => {
  const { opened, isolated } = openingsOf(view);
  const pods = new Map(view.pods.map((pod) => [workloadOf(pod), pod]));
  const isOpening = (opening: Opening, flow: Flow) =>
    opening.port === flow.port &&
    opening.from === (pods.has(flow.from) ? flow.from : undefined) &&
    opening.to === (pods.has(flow.to) ? flow.to : undefined);

  for (const opening of opened) {
    if (!view.tree.flows.some((flow) => isOpening(opening, flow))) {
      const { policy, side, from = 'outside', to = 'outside', port } = opening;
      const wrong = `${side.toLowerCase()} from ${from} to ${to} on port ${port} is open and no flow says so`;
      report(policy, wrong, 'declare the flow or remove the rule');
    }
  }
  for (const flow of view.tree.flows) {
    for (const [side, end] of [
      ['Egress', flow.from],
      ['Ingress', flow.to],
    ] as const) {
      const pod = pods.get(end);
      if (
        pod !== undefined &&
        isolated.has(`${end} ${side}`) &&
        !opened.some((opening) => opening.side === side && isOpening(opening, flow))
      ) {
        const wrong = `flow from ${flow.from} to ${flow.to} on port ${flow.port} is declared but its ${side.toLowerCase()} is not open`;
        report(pod, wrong, `open it in a NetworkPolicy of ${end}`);
      }
    }
  }
});
