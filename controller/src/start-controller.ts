import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { API_VERSION } from './api/index.js';
import { issueCoordinatorIdentity, type Authority } from './certificates/index.js';
import { createCoordinatorServer, openStores, type Stores } from './coordinator/index.js';
import type { CoordinatedJob, CoordinatorServer, CoordinatorTls, JobNews } from './coordinator/index.js';
import { describeLeaseLoss } from './describe-lease-loss.js';
import { ApiError, ConnectionError, UserError } from './errors.js';
import { KubeClient, LeaderElection, loadConnection, systemClock } from './kube/index.js';
import { hubEndpoint } from './models/index.js';
import { ControllerMetrics, splitAddress, startStatusServer } from './observe/index.js';
import type { Caches, ModelCache, TrainerNetwork } from './reconcile/index.js';
import {
  ControlLoops,
  createCaches,
  VouchedStatuses,
  JobIdentities,
  loadControllerAuthority,
  renewAfterMs,
} from './reconcile/index.js';

export interface ControllerOptions {
  /** Path; absent: KUBECONFIG, ~/.kube/config or the pod's service account. */
  readonly kubeconfig?: string | undefined;
  /** `host:port` on which trainers are served; port 0 = any free one. @default 127.0.0.1:0 */
  readonly coordinatorAddress?: string | undefined;
  /** `host:port` that the trainers are told, where it differs. */
  readonly coordinatorAdvertiseAddress?: string | undefined;
  /** `host:port` of /metrics, /healthz, /readyz. @default 127.0.0.1:0 */
  readonly metricsAddress?: string | undefined;
  /** Only jobs of these namespaces; absent: all. */
  readonly namespaces?: readonly string[] | undefined;
  /** Wait for a Lease before acting. @default false */
  readonly leaderElect?: boolean | undefined;
  /** Namespace of the Lease and of the Secret of the certificate authority. @default default */
  readonly leaseNamespace?: string | undefined;
  /** Milliseconds; @default 15000, 10000 and 2000, as client-go. */
  readonly leaseTiming?:
    | { readonly leaseDurationMs: number; readonly renewDeadlineMs: number; readonly retryPeriodMs: number }
    | undefined;
  /** For how long the certificates of trainers and coordinator are good, in milliseconds. @default 24 hours */
  readonly certificateLifetimeMs?: number | undefined;
  /** Image of the trainer for jobs that name none. @default tuneyard/trainer:latest */
  readonly trainerImage?: string | undefined;
  /** Port of every trainer's metrics; 0 = any free one, as several trainers on one machine need. @default 0 */
  readonly trainerMetricsPort?: number | undefined;
  /** Where trainers keep models and prepared data. @default emptyDir */
  readonly modelCache?: ModelCache | undefined;
  /** Let jobs give their pods more rights than the restricted Pod Security Standard. @default false */
  readonly allowPrivilegedPodTemplates?: boolean | undefined;
  /** Gives each job a NetworkPolicy: its peers, and this. @default none */
  readonly trainerNetwork?: TrainerNetwork | undefined;
  /** Requests a second to the API server; 0 = no limit. @default 50 */
  readonly kubeApiQps?: number | undefined;
  /** @default 100 */
  readonly kubeApiBurst?: number | undefined;
  /** A request to the API server that is not answered in so long fails and is made again, in milliseconds. @default 30000 */
  readonly kubeApiTimeoutMs?: number | undefined;
  /** A job whose number of workers changed keeps it for so long, in milliseconds. @default 60000 */
  readonly resizeCooldownMs?: number | undefined;
  /** No job has longer to write a checkpoint, in seconds, whatever it asks for. @default 600 */
  readonly maxCheckpointGraceSeconds?: number | undefined;
  /** Where coordination outlives this process: redis:// or rediss://. @default memory */
  readonly redisUrl?: string | undefined;
  /** Where events of jobs are published: nats:// or tls://. @default memory */
  readonly natsUrl?: string | undefined;
  readonly log: Logger;
  /** The lease was lost: another process acts now, and this one should end. */
  readonly onLeadershipLost?: () => void;
}

export interface RunningController {
  readonly metricsUrl: string;
  readonly coordinatorAddress: string;
  /** Stops acting, releases the lease, ends the sessions of the trainers; they reconnect to the next controller. */
  close(): Promise<void>;
}

const DAY_MS = 24 * 3_600_000;
const LEASE_NAME = 'tuneyard-controller';

/**
 * Starts a controller in this process.
 * @throws UserError when the API server cannot be reached, the CRDs are missing, or a port is in use
 */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { log } = options;
  const metrics = new ControllerMetrics();
  const connection = loadConnection(options.kubeconfig);
  const client = new KubeClient(connection, {
    qps: options.kubeApiQps ?? 50,
    burst: options.kubeApiBurst ?? 100,
    requestTimeoutMs: options.kubeApiTimeoutMs,
    onRequest: (verb, resource, status) => metrics.request(verb, resource, status),
  });
  const closers: (() => Promise<void> | void)[] = [() => client.close()];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    await checkApiServer(client, connection.server.href);
    const onTrouble = (place: string, error: unknown) => {
      log.warn({ place, err: error }, 'the coordinator goes on');
      if (place === 'redis' || place.startsWith('state store')) metrics.storeTrouble('state');
      if (place.startsWith('event bus')) metrics.storeTrouble('events');
    };
    const stores = await openStores({ redisUrl: options.redisUrl, natsUrl: options.natsUrl, onTrouble });
    closers.push(() => stores.close());
    const authority = await loadControllerAuthority(client, options.leaseNamespace ?? 'default', systemClock);
    const lifetimeMs = options.certificateLifetimeMs ?? DAY_MS;
    let loops: ControlLoops | undefined;
    const coordinator = await startCoordinator(
      options.coordinatorAddress ?? '127.0.0.1:0',
      coordinatorTls(authority, lifetimeMs),
      stores,
      workerNews(log, metrics, (...news) => loops?.tell(...news)),
      onTrouble,
    );
    closers.push(() => coordinator.close());
    const renewal = setInterval(
      () => coordinator.renew(coordinatorTls(authority, lifetimeMs)),
      renewAfterMs(lifetimeMs),
    );
    closers.push(() => clearInterval(renewal));
    const vouched = new VouchedStatuses();
    const caches = createCaches(client, {
      vouched,
      namespaces: options.namespaces,
      onError: (resource, error) =>
        log.warn({ resource: resource.plural, err: error }, 'the watch is started again'),
      onFault: (resource, key, error) => {
        log.warn({ resource: resource.plural, key, err: error }, 'an object cannot be taken into account');
        metrics.fault(`cache of ${resource.plural}`);
      },
    });
    observeCaches(caches, metrics);
    let synced = false;
    const status = await startStatusServer({
      address: options.metricsAddress ?? '127.0.0.1:0',
      metrics: () => metrics.text(),
      unready: () => (synced ? loops?.failing : 'the caches are not filled yet'),
    });
    closers.push(() => status.close());
    for (const reflector of Object.values(caches)) reflector.start();
    closers.push(async () => {
      await Promise.all(Object.values(caches).map((reflector) => reflector.stop()));
    });
    loops = new ControlLoops({
      client,
      caches,
      vouched,
      coordinator: coordinator.coordinator,
      log,
      hubEndpoint: hubEndpoint(process.env),
      observer: metrics,
      resizeCooldownMs: options.resizeCooldownMs,
      maxCheckpointGraceSeconds: options.maxCheckpointGraceSeconds,
      identities: new JobIdentities({ client, authority, clock: systemClock, lifetimeMs }),
      pods: {
        coordinatorAddress: options.coordinatorAdvertiseAddress ?? coordinator.address,
        trainerImage: options.trainerImage ?? 'tuneyard/trainer:latest',
        trainerMetricsPort: options.trainerMetricsPort,
        modelCache: options.modelCache,
        network: options.trainerNetwork,
        allowPrivilegedTemplates: options.allowPrivilegedPodTemplates,
      },
    });
    const whenSynced = Promise.all(Object.values(caches).map((reflector) => reflector.synced())).then(() => {
      synced = true;
    });
    const act = async () => {
      await whenSynced;
      metrics.leading(true);
      loops?.start();
    };
    closers.push(lead(options, connection, client, loops, act, metrics));
    return { metricsUrl: status.url, coordinatorAddress: coordinator.address, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Begins to act, at once or when elected. @returns what ends it */
function lead(
  options: ControllerOptions,
  connection: ReturnType<typeof loadConnection>,
  client: KubeClient,
  loops: ControlLoops,
  act: () => Promise<void>,
  metrics: ControllerMetrics,
): () => Promise<void> {
  const { log } = options;
  if (options.leaderElect !== true) {
    let closed = false;
    let started = false;
    void act().then(() => {
      started = true;
    });
    return async () => {
      closed ||= true;
      if (started) await loops.stop();
    };
  }
  const identity = `${hostname()}_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  // A client of its own: renewals must not wait behind other requests, nor be held back by the fence.
  const leaseClient = new KubeClient(connection, { qps: 0 });
  const election = new LeaderElection(leaseClient, {
    namespace: options.leaseNamespace ?? 'default',
    name: LEASE_NAME,
    identity,
    ...options.leaseTiming,
    onError: (error) => log.warn({ err: error }, 'the lease could not be renewed or read'),
  });
  client.fence(election.mayWrite);
  let acting = false;
  const campaign = async () => {
    if (!(await election.acquire())) return;
    log.info({ identity, transitions: election.transitions }, 'leading');
    const held = election.hold();
    await Promise.race([act(), held]);
    acting = true;
    const outcome = await held;
    if (outcome === 'lost') {
      // Writes that are on their way, on slow connections, must not arrive when another one acts.
      client.close();
      metrics.leading(false);
      log.error({ identity, holder: election.holder }, describeLeaseLoss(identity, election.holder));
      options.onLeadershipLost?.();
    }
  };
  const campaigning = campaign();
  return async () => {
    if (acting) await loops.stop();
    election.stop();
    await campaigning;
    await election.release();
    leaseClient.close();
  };
}

async function checkApiServer(client: KubeClient, server: string): Promise<void> {
  try {
    await client.getPath(`/apis/${API_VERSION}`);
  } catch (error) {
    if (error instanceof ConnectionError) {
      throw new UserError(`the Kubernetes API server at ${server} cannot be reached: ${causeOf(error)}`, {
        cause: error,
      });
    }
    if (error instanceof ApiError && error.status === 404) {
      throw new UserError(
        `the API server at ${server} does not know ${API_VERSION}: install the CRDs with "kubectl apply --server-side -f deploy/crds"`,
        { cause: error },
      );
    }
    if (error instanceof ApiError) {
      throw new UserError(`the API server at ${server} refuses this controller: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}

const causeOf = (error: Error) =>
  error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;

/** What the coordinator finds out about workers, for the log, the metrics and the events of the job. */
function workerNews(log: Logger, metrics: ControllerMetrics, tell: ControlLoops['tell']): JobNews {
  const keyOfRef = ({ ref }: CoordinatedJob) => `${ref.namespace}/${ref.name}`;
  return {
    expelled: (job, worker, cause, reason) => {
      log.warn({ job: keyOfRef(job), worker, cause, reason }, 'a worker is expelled and to be replaced');
      metrics.workerExpelled(keyOfRef(job), cause);
      tell(job.ref.uid, 'Warning', 'WorkerExpelled', `${worker} has to be replaced: ${reason}`);
    },
    straggling: (job, worker, ratio) => {
      log.warn({ job: keyOfRef(job), worker, ratio }, 'a worker is far slower than the others');
      metrics.workerStraggles(keyOfRef(job));
      const message = `${worker} has taken ${ratio.toFixed(1)} times as long for a micro-batch as is usual among the others`;
      tell(job.ref.uid, 'Warning', 'WorkerStraggles', message);
    },
  };
}

const coordinatorTls = (authority: Authority, lifetimeMs: number): CoordinatorTls => ({
  ...issueCoordinatorIdentity(authority, systemClock.now(), lifetimeMs),
  clientAuthority: authority.certificate,
});

async function startCoordinator(
  address: string,
  tls: CoordinatorTls,
  stores: Stores,
  news: JobNews,
  onTrouble: (place: string, error: unknown) => void,
): Promise<CoordinatorServer> {
  splitAddress(address, 'coordinator-address');
  try {
    return await createCoordinatorServer({
      address,
      tls,
      store: stores.store,
      bus: stores.bus,
      news,
      onTrouble,
    });
  } catch (error) {
    throw new UserError(
      `--coordinator-address: ${address} cannot be used (${error instanceof Error ? error.message : String(error)}): choose another port, or 0 for any`,
      { cause: error },
    );
  }
}

function observeCaches(caches: Caches, metrics: ControllerMetrics): void {
  metrics.watchJobs(() => caches.jobs.cache.list());
  caches.jobs.cache.subscribe(({ type, key, object }) =>
    metrics.jobSeen(key, type === 'deleted' ? undefined : object.spec.queueName),
  );
  caches.queues.cache.subscribe(({ type, key }) =>
    type === 'deleted' ? metrics.queueRemoved(key) : metrics.queueSeen(key),
  );
}
