import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { preparePrograms, run } from './programs.js';
import type { CoordinatorOrder } from './coordinator-process.js';
import type { FakeTraining } from './fake-training.js';
import type { LinkOrder, WorkerOrder, WorkerReport } from './worker-process.js';

const HEARTBEAT_TIMEOUT_SECONDS = 1;

/** Makes the programs that an arena runs; once before its tests. */
export const buildPrograms = (): Promise<void> => preparePrograms('worker-process', 'coordinator-process');

/** A worker process and what it said so far. */
export class WorkerProcess {
  readonly reports: WorkerReport[] = [];
  stderr = '';
  ended = false;

  constructor(
    readonly memberId: string,
    readonly child: ChildProcess,
    onChange: () => void,
  ) {
    if (child.stdout === null || child.stderr === null) throw new Error('a worker needs pipes');
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.reports.push(JSON.parse(line));
      onChange();
    });
    child.stderr.on('data', (text: Buffer) => (this.stderr += text.toString()));
    child.on('exit', () => {
      this.ended = true;
      onChange();
    });
  }

  /** Steps in the order in which it committed them, with the time of each (ms). */
  commits(): Extract<WorkerReport, { kind: 'commit' }>[] {
    return this.reports.flatMap((report) => (report.kind === 'commit' ? [report] : []));
  }

  committedStep(): number {
    return this.commits().at(-1)?.step ?? 0;
  }

  outcome(): Extract<WorkerReport, { kind: 'outcome' }> | undefined {
    return this.reports.find((report) => report.kind === 'outcome');
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Where the arena has faulty links. */
  link(order: LinkOrder): void {
    this.child.send(order);
  }
}

/** A job's coordinator and workers as processes of this machine, to be hurt. */
export class Arena {
  readonly workers: WorkerProcess[] = [];
  readonly uid = `u-${process.pid}-${Math.trunc(performance.now())}`;
  address = '127.0.0.1:0';
  #coordinator: ChildProcess | undefined;
  #waiting: (() => void)[] = [];

  constructor(
    readonly training: FakeTraining,
    readonly expectedWorkers: number,
    /** The machine that a worker believes to be on. */
    readonly nodeOf: (memberId: string) => string = () => '',
    readonly faultyLinks = false,
  ) {}

  /** Starts the coordinator and workers w0, w1, ... */
  async start(workers: number): Promise<void> {
    await this.startCoordinator();
    this.startWorkers(workers);
  }

  startWorkers(count: number): void {
    for (let at = 0; at < count; at++) this.startWorker(`w${at}`);
  }

  async startCoordinator(): Promise<void> {
    const order: CoordinatorOrder = {
      address: this.address,
      uid: this.uid,
      expectedWorkers: this.expectedWorkers,
      heartbeatTimeoutSeconds: HEARTBEAT_TIMEOUT_SECONDS,
    };
    this.#coordinator = run('coordinator-process', order);
    if (this.#coordinator.stdout === null) throw new Error('the coordinator needs a pipe');
    const [line]: unknown[] = await once(createInterface({ input: this.#coordinator.stdout }), 'line');
    this.address = String(line);
  }

  async killCoordinator(): Promise<void> {
    const child = this.#coordinator;
    if (child === undefined) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  startWorker(memberId: string): WorkerProcess {
    const order: WorkerOrder = {
      coordinator: this.address,
      memberId,
      node: this.nodeOf(memberId),
      uid: this.uid,
      training: this.training,
      faultyLinks: this.faultyLinks,
    };
    const worker = new WorkerProcess(memberId, run('worker-process', order), () =>
      this.#waiting.splice(0).forEach((resume) => resume()),
    );
    this.workers.push(worker);
    return worker;
  }

  /** Resolves when `probe` holds; looked at after every report. */
  async until(probe: () => boolean): Promise<void> {
    while (!probe()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The furthest step that a living worker has committed. */
  committedStep(): number {
    return Math.max(
      0,
      ...this.workers.filter((worker) => !worker.ended).map((worker) => worker.committedStep()),
    );
  }

  /** The newest generation in which somebody has committed. */
  generation(): number {
    const commits = this.workers.flatMap((worker) => worker.commits());
    return commits.reduce((newest, { generation }) => Math.max(newest, generation), 0);
  }

  /** From `since` (ms of Date.now) to the first step that was committed after it in a generation after `generation`. */
  recoveryMs(since: number, generation: number): number {
    const commits = this.workers.flatMap((worker) => worker.commits());
    const first = commits.reduce(
      (earliest, commit) =>
        commit.generation > generation && commit.at >= since ? Math.min(earliest, commit.at) : earliest,
      Number.POSITIVE_INFINITY,
    );
    return first - since;
  }

  /** Somebody has finished the job. */
  over(): boolean {
    return this.workers.some((worker) => worker.outcome() !== undefined);
  }

  async close(): Promise<void> {
    for (const worker of this.workers) if (!worker.ended) worker.signal('SIGKILL');
    await this.until(() => this.workers.every((worker) => worker.ended));
    if (this.#coordinator?.exitCode === null) await this.killCoordinator();
  }
}
