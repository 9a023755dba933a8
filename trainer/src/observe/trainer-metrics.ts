import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Why a generation began, as coordinators of this version say it. */
const GENERATION_CAUSES = ['start', 'joined', 'resized', 'lost', 'link', 'restored', 'expelled', 'balanced'];
import { VERSION } from '../version.js';

const STEP_SECONDS_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The metrics of one worker, on a registry of its own. Every series carries the job it belongs to. */
export class TrainerMetrics {
  readonly registry = new Registry();
  private readonly registers = [this.registry];

  readonly trainLoss = this.gauge('train_loss', 'Loss of the newest step, nats per trained token.');
  readonly evalLoss = this.gauge('eval_loss', 'Newest validation loss, nats per trained token.');
  readonly exactMatch = new Gauge({
    name: 'tuneyard_trainer_exact_match_ratio',
    help: 'Share of test examples answered exactly, 0 to 1.',
    labelNames: ['model'],
    registers: this.registers,
  });
  readonly gradientNorm = this.gauge('gradient_norm', 'Global L2 norm of the gradient before clipping.');
  readonly learningRate = this.gauge('learning_rate', 'Learning rate of the newest step.');
  readonly step = this.gauge('step', 'Newest committed step.');
  readonly totalSteps = this.gauge('total_steps', 'Steps of the whole run.');
  readonly trainableParameters = this.gauge('trainable_parameters', 'Length of the flat parameter vector.');
  readonly paddingRatio = this.gauge(
    'padding_ratio',
    'Share of padding in the training micro-batches, 0 to 1.',
  );
  readonly generation = this.gauge('generation', 'Number of the current membership.');
  readonly generations = new Counter({
    name: 'tuneyard_trainer_generations_total',
    help: 'Generations that this worker began, by cause: start, joined, resized (fewer workers, as the scheduler decided), lost, link (peers could not reach each other), restored (all workers are new), expelled, balanced (the same workers, dealt anew by speed), or other.',
    labelNames: ['cause'],
    registers: this.registers,
  });
  readonly members = this.gauge('members', 'Workers in the current membership.');
  readonly tokens = this.counter(
    'trained_tokens_total',
    'Trained tokens, whole job, counted by this worker.',
  );
  readonly skippedSteps = this.counter(
    'skipped_steps_total',
    'Steps skipped because loss or gradient was not finite.',
  );
  readonly allReduceBytes = this.counter(
    'allreduce_bytes_total',
    'Bytes that this worker sent to peers for sums.',
  );
  readonly allReduceBandwidth = this.gauge(
    'allreduce_bandwidth_bytes_per_second',
    'Bytes sent to peers for the newest sum, by the time from the end of this worker’s own share to the sum.',
  );
  readonly allReduceResentBytes = this.counter(
    'allreduce_resent_bytes_total',
    'Bytes of sums that were sent in vain: their generation ended first, and they are asked for again in the next.',
  );
  readonly peerReports = new Counter({
    name: 'tuneyard_trainer_peer_reports_total',
    help: 'Peers that this worker reported, by kind: link = out of reach, frame = damaged or senseless data, wrong-bits = computed something else than the others.',
    labelNames: ['peer', 'kind'],
    registers: this.registers,
  });
  readonly verifiedBatches = new Counter({
    name: 'tuneyard_trainer_verified_batches_total',
    help: 'Micro-batches that this worker and a peer both computed, by result: agreed or disputed.',
    labelNames: ['result'],
    registers: this.registers,
  });
  readonly microBatchSeconds = this.gauge(
    'micro_batch_seconds',
    'What a micro-batch takes on this worker, smoothed over steps.',
  );
  readonly share = this.gauge(
    'share_ratio',
    'Share of the micro-batches that this worker is dealt by its speed; 1 is that of an average worker.',
  );
  readonly peerWaitSeconds = new Counter({
    name: 'tuneyard_trainer_peer_wait_seconds_total',
    help: 'Time for which this worker had its share of a sum ready and waited for that of a peer.',
    labelNames: ['peer'],
    registers: this.registers,
  });
  readonly recoverySeconds = new Histogram({
    name: 'tuneyard_trainer_recovery_seconds',
    help: 'From the end of a membership in the middle of a sum to the next complete sum, by cause of the new one.',
    labelNames: ['cause'],
    buckets: STEP_SECONDS_BUCKETS,
    registers: this.registers,
  });
  readonly stateTransferBytes = new Counter({
    name: 'tuneyard_trainer_state_transfer_bytes_total',
    help: 'Adapter state sent to members that were behind and received from members ahead.',
    labelNames: ['direction'],
    registers: this.registers,
  });
  readonly stepSeconds = new Histogram({
    name: 'tuneyard_trainer_step_seconds',
    help: 'Wall time of steps by phase: compute (data, forward, backward), of it data, then allreduce, verify (only of verified steps), update; total.',
    labelNames: ['phase'],
    buckets: STEP_SECONDS_BUCKETS,
    registers: this.registers,
  });
  readonly downloadedBytes = new Counter({
    name: 'tuneyard_trainer_downloaded_bytes_total',
    help: 'Bytes of models and data sets that this worker downloaded, rather than found on its node.',
    registers: this.registers,
  });
  readonly checkpointSeconds = new Histogram({
    name: 'tuneyard_trainer_checkpoint_seconds',
    help: 'Time to write a checkpoint.',
    buckets: STEP_SECONDS_BUCKETS,
    registers: this.registers,
  });

  readonly build = new Gauge({
    name: 'tuneyard_build_info',
    help: 'Always 1; the labels say which build runs.',
    labelNames: ['program', 'version', 'node'],
    registers: this.registers,
  });

  constructor(labels: Readonly<Record<string, string>>) {
    this.build.set({ program: 'trainer', version: VERSION, node: process.version }, 1);
    this.registry.setDefaultLabels(labels);
    collectDefaultMetrics({ register: this.registry });
    // Gauges with names of counters; without "_total" they are there too.
    for (const what of ['handles', 'requests', 'resources'])
      this.registry.removeSingleMetric(`nodejs_active_${what}_total`);
    // A rate needs the zero before the first one.
    for (const cause of GENERATION_CAUSES) this.generations.inc({ cause }, 0);
  }

  /** A coordinator of a later version may know other causes. */
  entered(cause: string): void {
    this.generations.inc({ cause: GENERATION_CAUSES.includes(cause) ? cause : 'other' });
  }

  private gauge(name: string, help: string): Gauge {
    return new Gauge({ name: `tuneyard_trainer_${name}`, help, registers: this.registers });
  }

  private counter(name: string, help: string): Counter {
    return new Counter({ name: `tuneyard_trainer_${name}`, help, registers: this.registers });
  }
}
