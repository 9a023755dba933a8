import {
  createCoordinatorServer,
  MemoryEventBus,
  MemoryStateStore,
  type CoordinatorTls,
} from '@tuneyard/controller/coordinator';
import { TrainerConfig } from '@tuneyard/proto';

/** What a coordinator under attack is told, as JSON in its first argument. */
export interface BesiegedOrder {
  readonly tls: CoordinatorTls;
  /** uid to token of the jobs that it knows. */
  readonly jobs: Readonly<Record<string, string>>;
}

/** What it can be asked for over IPC; it answers once it is done. */
export type BesiegedQuestion =
  | { readonly kind: 'memory' }
  | { readonly kind: 'checkpoint'; readonly uid: string }
  | { readonly kind: 'delete'; readonly uid: string };

const order: BesiegedOrder = JSON.parse(process.argv[2] ?? '');
const server = await createCoordinatorServer({
  address: '127.0.0.1:0',
  store: new MemoryStateStore(),
  bus: new MemoryEventBus(),
  tls: order.tls,
});
for (const [uid, token] of Object.entries(order.jobs)) {
  await server.coordinator.register({
    ref: { namespace: 'team', name: uid, uid },
    config: TrainerConfig.create(),
    token,
    expectedWorkers: 1,
  });
}
process.on('message', (question: BesiegedQuestion) => {
  void (async () => {
    if (question.kind === 'checkpoint') await server.coordinator.requestCheckpoint(question.uid);
    if (question.kind === 'delete') await server.coordinator.unregister(question.uid);
    process.send?.({ rssBytes: process.memoryUsage().rss });
  })();
});
process.on('disconnect', () => process.exit(0));
process.stdout.write(`${server.address}\n`);
