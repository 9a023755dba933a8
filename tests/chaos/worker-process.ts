import { createGroup } from '@tuneyard/trainer/collective';

import { trainFake, type FakeTraining } from './fake-training.js';
import { FaultProxy, type LinkFault } from './fault-proxy.js';

/** What a worker process is told, as JSON in its first argument. */
export interface WorkerOrder {
  readonly coordinator: string;
  readonly memberId: string;
  /** The machine that it believes to be on; '' = not known. */
  readonly node: string;
  readonly uid: string;
  readonly training: FakeTraining;
  /** Peers reach it through links that {@link LinkOrder}s can damage. */
  readonly faultyLinks: boolean;
}

/** What a worker with such links may be sent: a fault of them, or its end. */
export type LinkOrder = LinkFault | 'heal';

/** One line of JSON on its standard output. */
export type WorkerReport =
  | {
      readonly kind: 'commit';
      readonly step: number;
      readonly digest: string;
      readonly at: number;
      readonly generation: number;
    }
  | { readonly kind: 'compute'; readonly step: number; readonly unit: number; readonly at: number }
  | { readonly kind: 'outcome'; readonly digest: string; readonly step: number; readonly lossSum: number };

const order: WorkerOrder = JSON.parse(process.argv[2] ?? '');
const say = (report: WorkerReport): void => void process.stdout.write(`${JSON.stringify(report)}\n`);

const proxies: FaultProxy[] = [];
process.on('message', (fault: LinkOrder) => {
  for (const proxy of proxies)
    if (fault === 'heal') proxy.heal();
    else proxy.inject(fault);
});
process.channel?.unref();

const group = createGroup({
  coordinatorAddress: order.coordinator,
  job: { namespace: 'team', name: 'tune', uid: order.uid },
  token: 's',
  memberId: order.memberId,
  node: order.node,
  listenHost: '127.0.0.1',
  advertise: async (address) => {
    if (!order.faultyLinks) return address;
    const proxy = await FaultProxy.open(address);
    proxies.push(proxy);
    return proxy.address;
  },
  log: {
    info: (fields, message) =>
      process.stderr.write(`${Date.now()} ${order.memberId} ${message} ${JSON.stringify(fields)}\n`),
    warn: (fields, message) =>
      process.stderr.write(`${Date.now()} ${order.memberId} ${message} ${JSON.stringify(fields)}\n`),
  },
});
const { digest, step, lossSum } = await trainFake(group, order.training, {
  onCommit: (step, digest) =>
    say({ kind: 'commit', step, digest, at: Date.now(), generation: group.generation }),
  onCompute: (step, unit) => say({ kind: 'compute', step, unit, at: Date.now() }),
});
say({ kind: 'outcome', digest, step, lossSum });
await group.close();
for (const proxy of proxies) await proxy.close();
