import { z } from 'zod';
import type { FineTuneJob } from '../../api/index.js';
import { JOB_LABEL } from '../../api/index.js';
import type { KubeObject } from '../../kube/index.js';

/** What the trainers of every job may reach and be reached by, besides their peers: rules as in a NetworkPolicy. */
export interface TrainerNetwork {
  /** Such as Prometheus. */
  readonly ingress: readonly object[];
  /** Such as the coordinator, name resolution and storage. */
  readonly egress: readonly object[];
}

const rules = z.array(z.looseObject({})).default([]);
const schema = z.strictObject({ ingress: rules, egress: rules });

/** Reads the JSON text of `--trainer-network`; undefined = it is no such thing. */
export function parseTrainerNetwork(text: string): TrainerNetwork | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * The policy of one job: its trainers talk to each other, and to what {@link TrainerNetwork} names. A policy per job,
 * since a policy cannot say "of the same job".
 */
export function jobNetworkPolicy(job: FineTuneJob, network: TrainerNetwork, owner: object): KubeObject {
  const { name, namespace = 'default' } = job.metadata;
  const trainers = { matchLabels: { 'app.kubernetes.io/name': 'tuneyard-trainer', [JOB_LABEL]: name } };
  // Trainers listen on any free port.
  const peers = [{ podSelector: trainers }];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: `${name}-trainers`,
      namespace,
      labels: { [JOB_LABEL]: name },
      ownerReferences: [owner],
    },
    spec: {
      podSelector: trainers,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: peers }, ...network.ingress],
      egress: [{ to: peers }, ...network.egress],
    },
  } as KubeObject;
}
