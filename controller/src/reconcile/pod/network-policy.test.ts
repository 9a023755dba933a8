import { describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../../api/index.js';
import { buildWorkerPod, ownerReference } from '../worker-pod.js';
import { jobNetworkPolicy, parseTrainerNetwork } from './network-policy.js';

interface Peer {
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
}
interface Policy {
  readonly metadata: object;
  readonly spec: {
    readonly podSelector: NonNullable<Peer['podSelector']>;
    readonly policyTypes: readonly string[];
    readonly ingress: readonly { readonly from: readonly Peer[] }[];
    readonly egress: readonly { readonly to: readonly Peer[] }[];
  };
}

const job = (name: string, template: object = {}) =>
  ({
    metadata: { name, namespace: 'team', uid: name },
    spec: {
      model: { source: 'file:///m' },
      dataset: { sources: [{ uri: 'file:///d' }] },
      output: { uri: 'file:///o' },
      template,
    },
  }) as unknown as FineTuneJob;
const labelsOf = (of: FineTuneJob) => {
  const plan = { index: 0, node: 'n', resource: 'nvidia.com/gpu', gpus: 1, attempt: 0 };
  return buildWorkerPod(of, plan, { coordinatorAddress: 'c:1', trainerImage: 't' }).metadata.labels ?? {};
};
const policyOf = (name: string) =>
  jobNetworkPolicy(
    job(name),
    { ingress: [{ from: [] }], egress: [{ to: [] }] },
    ownerReference(job(name)),
  ) as unknown as Policy;
const selects = ({ podSelector }: Peer, labels: Readonly<Record<string, string>>) =>
  Object.entries(podSelector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);

describe('the network policy of a job', () => {
  const { metadata, spec } = policyOf('a');
  // Its labels say it is of job a, but those of the controller go over them.
  const stranger = job('b', { labels: { 'tuneyard.dev/job': 'a' } });

  it('confines the trainers of the job, both ways, and nobody else', () => {
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(selects(spec, labelsOf(job('a')))).toBe(true);
    expect(selects(spec, labelsOf(stranger))).toBe(false);
    expect(metadata).toMatchObject({
      namespace: 'team',
      ownerReferences: [{ name: 'a', kind: 'FineTuneJob' }],
    });
  });

  it('lets peers of the same job talk, then adds what the cluster allows', () => {
    for (const peers of [spec.ingress[0]!.from, spec.egress[0]!.to]) {
      expect(peers).toHaveLength(1);
      expect(selects(peers[0]!, labelsOf(job('a')))).toBe(true);
      expect(selects(peers[0]!, labelsOf(stranger))).toBe(false);
    }
    expect(spec.ingress.slice(1)).toEqual([{ from: [] }]);
    expect(spec.egress.slice(1)).toEqual([{ to: [] }]);
  });

  it.each(['', '[]', '{"ingress":{}}', '{"egres":[]}', '{"egress":[1]}'])(
    'cannot be made from %j',
    (text) => {
      expect(parseTrainerNetwork(text)).toBeUndefined();
    },
  );
});
