import { createCoordinatorServer, MemoryEventBus, MemoryStateStore } from '@tuneyard/controller/coordinator';
import { TrainerConfig } from '@tuneyard/proto';

/** What a coordinator process is told, as JSON in its first argument. */
export interface CoordinatorOrder {
  readonly address: string;
  readonly uid: string;
  readonly expectedWorkers: number;
  readonly heartbeatTimeoutSeconds: number;
  /** Name of the job; default `tune`. */
  readonly name?: string;
  /** What it trains, as JSON; default nothing. */
  readonly config?: unknown;
}

// Its store is its memory: after a kill it knows nothing but what the workers tell it.
const order: CoordinatorOrder = JSON.parse(process.argv[2] ?? '');
const server = await createCoordinatorServer({
  address: order.address,
  store: new MemoryStateStore(),
  bus: new MemoryEventBus(),
  heartbeatIntervalSeconds: order.heartbeatTimeoutSeconds / 5,
  heartbeatTimeoutSeconds: order.heartbeatTimeoutSeconds,
});
await server.coordinator.register({
  ref: { namespace: 'team', name: order.name ?? 'tune', uid: order.uid },
  config: TrainerConfig.fromJSON(order.config ?? {}),
  token: 's',
  expectedWorkers: order.expectedWorkers,
});
process.stdout.write(`${server.address}\n`);
