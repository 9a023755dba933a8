import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Finished_Outcome } from '@tuneyard/proto';
import { createGroup, type Group } from '../collective/index.js';
import { ThreadedCompute } from '../loop/threaded-compute.js';
import { train } from '../loop/train.js';
import { LoggingObserver, TrainerMetrics, serveMetrics } from '../observe/index.js';
import { openStorage } from '../storage/index.js';
import { classifyFailure } from './exit-codes.js';
import { watchIdentityFolder } from './identity-folder.js';
import { readWorkerEnvironment } from './worker-environment.js';
import type { SignalWatch } from './watch-signals.js';
import { writeJson } from './write-json.js';

/** Longest wait for the coordinator to take note of a failure. */
const REPORT_MS = 5000;
/** Of a job that was removed nothing is kept: loading, computing or uploading ends after this long. */
const DISMISSAL_MS = 1500;

/** One trainer process of a job: connects to its coordinator, trains, and returns the exit code. */
export async function runWorker(env: NodeJS.ProcessEnv, signals: SignalWatch): Promise<number> {
  const worker = readWorkerEnvironment(env);
  const log = pino({
    level: worker.logLevel,
    base: { job: `${worker.job.namespace}/${worker.job.name}`, worker: worker.memberId },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  const metrics = new TrainerMetrics({
    namespace: worker.job.namespace,
    job: worker.job.name,
    worker: worker.memberId,
  });
  const served = await serveMetrics(metrics.registry, worker.podIp, worker.metricsPort);
  log.info({ url: served.url }, 'metrics');

  const certificates =
    worker.identity === undefined
      ? undefined
      : watchIdentityFolder(worker.identity, (error) =>
          error === undefined
            ? log.info('newer certificates')
            : log.warn({ err: error }, 'newer certificates cannot be read; the present ones stay'),
        );
  const group = createGroup({
    coordinatorAddress: worker.coordinator,
    job: worker.job,
    token: worker.token,
    memberId: worker.memberId,
    listenHost: worker.podIp,
    node: worker.node,
    ...(certificates === undefined ? {} : { tls: certificates.identity }),
    log,
    onDismissed: (reason) => {
      log.info({ reason }, 'told to end');
      setTimeout(() => process.exit(0), DISMISSAL_MS).unref();
    },
    events: {
      waitedFor: (peer, seconds) => metrics.peerWaitSeconds.inc({ peer }, seconds),
      entered: (cause) => metrics.entered(cause),
      recovered: (cause, seconds) => metrics.recoverySeconds.observe({ cause }, seconds),
      stateMoved: (direction, bytes) => metrics.stateTransferBytes.inc({ direction }, bytes),
      sentInVain: (bytes) => metrics.allReduceResentBytes.inc(bytes),
      reported: (peer, kind) => metrics.peerReports.inc({ peer, kind }),
      verified: (batches, disputed, seconds) => {
        metrics.verifiedBatches.inc({ result: 'agreed' }, batches - disputed);
        metrics.verifiedBatches.inc({ result: 'disputed' }, disputed);
        metrics.stepSeconds.observe({ phase: 'verify' }, seconds);
      },
      paced: (unitSeconds, share) => {
        metrics.microBatchSeconds.set(unitSeconds);
        metrics.share.set(share);
      },
    },
  });
  const compute = new ThreadedCompute({ measureMemory: worker.memoryReport !== undefined });
  const observer = new LoggingObserver(log, metrics, () => group);
  const storage = openStorage(env, {
    info: (message) => log.info({ phase: 'fetch' }, message),
    received: (bytes) => metrics.downloadedBytes.inc(bytes),
  });
  signals.canSave = () => group.size > 0;
  try {
    const outcome = await train({
      job: worker.job,
      group,
      compute,
      observer,
      storage,
      now: () => performance.now() / 1000,
      interrupted: signals.interrupted,
    });
    log.info({ outcome: Finished_Outcome[outcome] }, 'finished');
    const memory = worker.memoryReport === undefined ? undefined : await compute.memoryReport();
    if (worker.memoryReport !== undefined && memory) writeJson(worker.memoryReport, memory);
    return 0;
  } catch (error) {
    const { reason, exitCode } = classifyFailure(error);
    const message = error instanceof Error ? error.message : String(error);
    log.error({ reason, ...(exitCode === 1 ? { err: error } : {}) }, message);
    await reportFailure(group, reason, message);
    return exitCode;
  } finally {
    signals.forget();
    certificates?.close();
    await Promise.allSettled([compute.dispose(), group.close(), served.close()]);
  }
}

/** Tells the coordinator why this worker ends, but does not wait long: the coordinator may be what failed. */
async function reportFailure(group: Group, reason: string, message: string): Promise<void> {
  const outcome = Finished_Outcome.OUTCOME_FAILED;
  const told = group.finish({
    step: 0,
    outcome,
    reason,
    message,
    artifacts: [],
    metrics: [],
    timeShares: undefined,
  });
  const giveUp = new AbortController();
  const { signal } = giveUp;
  await Promise.race([told, delay(REPORT_MS, undefined, { signal })]).catch(() => undefined);
  giveUp.abort();
}
