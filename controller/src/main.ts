import { endWithParent } from '@tuneyard/proto/processes';
import { Command, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import { UserError } from './errors.js';
import {
  parseModelCache,
  parseTrainerNetwork,
  type ModelCache,
  type TrainerNetwork,
} from './reconcile/index.js';
import { startController } from './start-controller.js';

interface Options {
  readonly kubeconfig?: string;
  readonly coordinatorAddress: string;
  readonly coordinatorAdvertiseAddress?: string;
  readonly metricsAddress: string;
  readonly redisUrl?: string;
  readonly natsUrl?: string;
  readonly namespace?: readonly string[];
  readonly leaderElect: boolean;
  readonly leaseNamespace: string;
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
  readonly trainerImage: string;
  readonly trainerMetricsPort: number;
  readonly modelCache: ModelCache;
  readonly allowPrivilegedPodTemplates: boolean;
  readonly trainerNetwork?: TrainerNetwork;
  readonly certificateLifetime: number;
  readonly kubeApiQps: number;
  readonly kubeApiBurst: number;
  readonly kubeApiTimeout: number;
  readonly resizeCooldown: number;
  readonly maxCheckpointGrace: number;
  readonly logLevel: string;
}

endWithParent();

const number = (text: string) => {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('must be a number of at least 0.');
  return value;
};

const namespaces = (text: string): readonly string[] => {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)))
    throw new InvalidArgumentError('must be names of namespaces, separated by commas.');
  return [...new Set(names)];
};

const modelCache = (text: string): ModelCache => {
  const cache = parseModelCache(text);
  if (cache === undefined)
    throw new InvalidArgumentError('must be emptyDir, hostPath:/absolute/folder or pvc:claim.');
  return cache;
};

const trainerNetwork = (text: string): TrainerNetwork => {
  const network = parseTrainerNetwork(text);
  if (network === undefined)
    throw new InvalidArgumentError('must be JSON with the lists "ingress" and "egress" of a NetworkPolicy.');
  return network;
};

const positive = (text: string) => {
  const value = number(text);
  // A timer holds 24.8 days at most.
  if (value === 0 || value > 720) throw new InvalidArgumentError('must be above 0 and at most 720.');
  return value;
};

function readOptions(): Options {
  return new Command('tuneyard-controller')
    .description('Queues FineTuneJobs, places them on GPU nodes and follows their training.')
    .option(
      '--kubeconfig <file>',
      'how to reach the API server; default: KUBECONFIG, ~/.kube/config or the service account of the pod',
    )
    .option(
      '--coordinator-address <host:port>',
      'where trainers are served; port 0 = any free one',
      '127.0.0.1:0',
    )
    .option('--coordinator-advertise-address <host:port>', 'address that trainers are told, where it differs')
    .option('--metrics-address <host:port>', 'where /metrics, /healthz and /readyz are served', '127.0.0.1:0')
    .addOption(
      new Option(
        '--redis-url <url>',
        'redis://, redis+sentinel:// or redis+cluster:// address (rediss… for TLS) where coordination outlives this process; default: memory',
      ).env('TUNEYARD_REDIS_URL'),
    )
    .addOption(
      new Option(
        '--nats-url <url>',
        'nats:// or tls:// address (JetStream) where events of jobs are published; default: memory',
      ).env('TUNEYARD_NATS_URL'),
    )
    .option(
      '--namespace <names>',
      'only jobs of these namespaces, separated by commas; default: all',
      namespaces,
    )
    .option(
      '--leader-elect',
      'act only while holding a Lease, so that several controllers can stand by',
      false,
    )
    .option(
      '--lease-namespace <name>',
      'namespace of the Lease and of the Secret tuneyard-authority, from which all certificates follow',
      'default',
    )
    .option(
      '--lease-duration <seconds>',
      'standbys wait this long after the last renewal that they saw',
      number,
      15,
    )
    .option('--renew-deadline <seconds>', 'a leader that could not renew for this long ends', number, 10)
    .option('--retry-period <seconds>', 'between tries to get or renew the lease', number, 2)
    .option(
      '--trainer-image <image>',
      'image of the trainer for jobs that name none',
      'tuneyard/trainer:latest',
    )
    .option(
      '--trainer-metrics-port <port>',
      'where trainers serve /metrics; 0 = any free port, which Prometheus cannot find',
      number,
      0,
    )
    .option(
      '--model-cache <where>',
      'where trainers keep models and prepared data: emptyDir, hostPath:/folder/of/the/node or pvc:claim',
      modelCache,
      'emptyDir',
    )
    .option(
      '--allow-privileged-pod-templates',
      'let jobs give their pods more rights than the restricted Pod Security Standard, such as hostPath volumes',
      false,
    )
    .option(
      '--trainer-network <json>',
      'give each job a NetworkPolicy with its peers and these rules, {"ingress":[...],"egress":[...]}; default: none',
      trainerNetwork,
    )
    .option(
      '--certificate-lifetime <hours>',
      'for how long certificates of trainers and coordinator are good; they are replaced in time',
      positive,
      24,
    )
    .option('--kube-api-qps <n>', 'requests a second to the API server; 0 = no limit', number, 50)
    .option('--kube-api-burst <n>', 'requests at once to the API server', number, 100)
    .option(
      '--resize-cooldown <seconds>',
      'a job that idle GPUs were given to, or taken from, is given no more before so long',
      number,
      60,
    )
    .option(
      '--max-checkpoint-grace <seconds>',
      'no job has longer to write a checkpoint before it gives its GPUs back, whatever it asks for',
      number,
      600,
    )
    .option(
      '--kube-api-timeout <seconds>',
      'a request to the API server that is not answered in so long is made again',
      positive,
      30,
    )
    .option('--log-level <level>', 'trace, debug, info, warn or error', 'info')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse()
    .opts<Options>();
}

/** Runs until SIGTERM or SIGINT. Exit codes: 0 asked to end, 1 the lease was lost, 2 it cannot start. */
async function main(): Promise<void> {
  const {
    logLevel,
    leaseDuration,
    renewDeadline,
    retryPeriod,
    certificateLifetime,
    kubeApiTimeout,
    resizeCooldown,
    maxCheckpointGrace,
    namespace,
    ...options
  } = readOptions();
  if (renewDeadline >= leaseDuration)
    throw new UserError('--renew-deadline must be shorter than --lease-duration');
  const leaseTiming = {
    leaseDurationMs: leaseDuration * 1000,
    renewDeadlineMs: renewDeadline * 1000,
    retryPeriodMs: retryPeriod * 1000,
  };
  const log = pino({ level: logLevel, timestamp: pino.stdTimeFunctions.isoTime });
  const controller = await startController({
    ...options,
    namespaces: namespace,
    leaseTiming,
    kubeApiTimeoutMs: kubeApiTimeout * 1000,
    resizeCooldownMs: resizeCooldown * 1000,
    maxCheckpointGraceSeconds: maxCheckpointGrace,
    certificateLifetimeMs: certificateLifetime * 3_600_000,
    log,
    onLeadershipLost: () => process.exit(1),
  });
  const { metricsUrl, coordinatorAddress } = controller;
  log.info({ metricsUrl, coordinatorAddress }, 'started');
  const end = (signal: string) => {
    log.info({ signal }, 'ending');
    controller.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'did not end well');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

main().catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  console.error(`tuneyard-controller: ${error.message}`);
  process.exit(2);
});
