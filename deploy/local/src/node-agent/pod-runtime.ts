import { messageOf } from '../errors.js';
import { at, objectsOf, stringOr, type JsonObject } from '../apiserver/json.js';
import { kubeTime, type KubeObject } from '../apiserver/kube-object.js';
import { KubeError, type KubeClient } from '../kube-client/kube-client.js';
import { recordEvent } from '../kube-client/record-event.js';
import { parseQuantity } from '../quantity.js';
import { ContainerConfigError, VolumeMountError } from './container-config-error.js';
import { ContainerLauncher } from './container-launcher.js';
import { ContainerProcess, type ContainerExit, type OrphanPolicy } from './container-process.js';
import type { ContainerState } from './container-state.js';
import { Interruptible } from './interruptible.js';
import { StatusReporter } from './status-reporter.js';
import { PodFiles } from './pod-files.js';
import { podPhase, podStatus } from './pod-status.js';

export interface RuntimeOptions {
  client: KubeClient;
  workDir: string;
  /** Folders put before PATH. */
  pathPrepend: readonly string[];
  orphans: OrphanPolicy;
  /** Seconds before the first restart of a container; doubles up to 30 times that. */
  restartBackoffSeconds: number;
}

const configRetryMilliseconds = 1000;
/** A container that ran this long starts again without the accumulated backoff. */
const steadyMilliseconds = 10 * 60_000;

/** Runs one pod from its binding to its deletion, and reports its status. */
export class PodRuntime {
  readonly files: PodFiles;
  private readonly init: ContainerState[];
  private readonly containers: ContainerState[];
  private readonly stopping = new Interruptible();
  private readonly startTime: string;
  private readonly launcher: ContainerLauncher;
  private failure: { reason: string; message: string } | undefined;
  /** What was told last of a volume that cannot be made. */
  private volumeTrouble: string | undefined;
  private readonly reporter: StatusReporter;
  private killTimer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private pod: KubeObject,
    private readonly options: RuntimeOptions,
  ) {
    this.files = new PodFiles(options.workDir, pod);
    this.reporter = new StatusReporter(options.client);
    this.launcher = new ContainerLauncher(options, this.files);
    const states = (list: string): ContainerState[] =>
      objectsOf(at(pod, 'spec', list)).map((container) => ({
        name: stringOr(container['name'], ''),
        image: stringOr(container['image'], ''),
        phase: { kind: 'waiting', reason: 'PodInitializing' },
        restarts: restartsOf(pod, stringOr(container['name'], '')),
      }));
    this.init = states('initContainers');
    this.containers = states('containers');
    this.startTime = stringOr(at(pod, 'status', 'startTime'), kubeTime(Date.now()));
  }

  start(): void {
    this.running = this.run().catch((error: unknown) => {
      this.failure = { reason: 'AgentError', message: messageOf(error) };
      return this.report();
    });
  }

  /** Takes a newer state of the pod; a deletion starts or shortens the grace period. */
  update(pod: KubeObject): void {
    this.pod = pod;
    if (pod.metadata.deletionTimestamp) this.terminate(pod.metadata.deletionGracePeriodSeconds ?? 0);
  }

  /** SIGTERM now, SIGKILL after the grace period. */
  terminate(graceSeconds: number): void {
    if (!this.stopping.interrupted) {
      this.stopping.interrupt();
      for (const { name } of this.containers) this.tell('Normal', 'Killing', `Stopping container ${name}`);
      for (const process of this.processes()) process.signal('SIGTERM');
      void this.finish();
    }
    clearTimeout(this.killTimer);
    this.killTimer = setTimeout(() => this.kill(), graceSeconds * 1000);
  }

  /** The pod object is gone, or the agent leaves: everything ends at once. */
  async destroy(): Promise<void> {
    this.reporter.silence();
    this.stopping.interrupt();
    this.kill();
    await this.running;
    clearTimeout(this.killTimer);
    this.files.remove();
  }

  /** Stops following the processes without touching them. */
  release(): void {
    this.reporter.silence();
    this.stopping.interrupt();
  }

  /** Ends the pod for a reason that is not its own (node pressure, preemption by the agent). */
  fail(reason: string, message: string): void {
    this.failure = { reason, message };
    this.stopping.interrupt();
    this.kill();
  }

  /** Kills containers that use more resident memory than their limit; `usage` is bytes by process group. */
  enforceMemory(usage: Map<number, number>): void {
    for (const state of this.containers) {
      if (state.phase.kind !== 'running') continue;
      const limit = parseQuantity(at(this.specOf(state), 'resources', 'limits', 'memory'));
      if ((usage.get(state.phase.process.pid) ?? 0) > limit) state.phase.process.killForMemory();
    }
  }

  /** Brings newer Secrets and ConfigMaps to the containers that have them as volumes; what is gone stays. */
  async refreshVolumes(): Promise<void> {
    if (this.isOver || this.stopping.interrupted) return;
    await this.launcher.refresh(this.pod).catch(() => undefined);
  }

  /** Folder of the present or previous attempt of a container; undefined when there is none. */
  logFolder(container: string, previous: boolean): string | undefined {
    const state = [...this.containers, ...this.init].find((candidate) => candidate.name === container);
    if (!state) return undefined;
    const pending = state.phase.kind === 'waiting' && state.last !== undefined;
    const attempt = state.restarts - (previous ? 1 : 0) - (pending && !previous ? 1 : 0);
    return attempt < 0 ? undefined : this.files.attempt(container, attempt);
  }

  isRunning(container: string): boolean {
    return (
      [...this.containers, ...this.init].find((state) => state.name === container)?.phase.kind === 'running'
    );
  }

  /** Folders of the attempts that write logs now. */
  activeLogs(): string[] {
    return this.processes().map((process) => process.folder);
  }

  private processes(): ContainerProcess[] {
    return [...this.init, ...this.containers].flatMap((state) =>
      state.phase.kind === 'running' ? [state.phase.process] : [],
    );
  }

  /** SIGKILL to everything that runs. */
  kill(): void {
    for (const process of this.processes()) process.signal('SIGKILL');
  }

  private specOf(state: ContainerState): JsonObject {
    const all = [
      ...objectsOf(at(this.pod, 'spec', 'containers')),
      ...objectsOf(at(this.pod, 'spec', 'initContainers')),
    ];
    return all.find((container) => container['name'] === state.name) ?? {};
  }

  private async run(): Promise<void> {
    this.files.create();
    for (const state of this.init) {
      const ok = await this.runContainer(state, true);
      if (!ok) {
        await this.report();
        return;
      }
    }
    for (const state of this.containers) {
      if (state.phase.kind === 'waiting') state.phase = { kind: 'waiting', reason: 'ContainerCreating' };
    }
    await Promise.all(this.containers.map((state) => this.runContainer(state, false)));
    await this.report();
  }

  /** Runs a container, again and again if the restart policy says so. Returns whether it ended well. */
  private async runContainer(state: ContainerState, isInit: boolean): Promise<boolean> {
    const policy = stringOr(at(this.pod, 'spec', 'restartPolicy'), 'Always');
    let backoff = this.options.restartBackoffSeconds;
    for (;;) {
      const started = await this.launch(state);
      if (!started) return false;
      const begin = 'ended' in started ? started.startedAt : Date.now();
      if ('ended' in started) {
        state.phase = { kind: 'running', process: started };
        this.tell('Normal', 'Started', `Started container ${state.name}`);
        await this.report();
      }
      const exit: ContainerExit = 'ended' in started ? await started.ended : started;
      const end = { kind: 'terminated' as const, exit, startedAt: begin, finishedAt: Date.now() };
      state.phase = end;
      const ok = exit.code === 0;
      const again = isInit
        ? !ok && policy !== 'Never'
        : policy === 'Always' || (policy === 'OnFailure' && !ok);
      if (!again || this.stopping.interrupted) {
        await this.report();
        return ok;
      }
      if (end.finishedAt - begin > steadyMilliseconds) backoff = this.options.restartBackoffSeconds;
      state.last = end;
      state.restarts += 1;
      state.phase = {
        kind: 'waiting',
        reason: 'CrashLoopBackOff',
        message: `back-off ${backoff}s restarting failed container=${state.name} pod=${this.pod.metadata.name}`,
      };
      this.tell('Warning', 'BackOff', state.phase.message ?? '');
      await this.report();
      if (!(await this.stopping.sleep(backoff * 1000))) return ok;
      backoff = Math.min(backoff * 2, this.options.restartBackoffSeconds * 30);
    }
  }

  /** Starts (or finds) the process of the present attempt; waits for missing Secrets and ConfigMaps. */
  private async launch(state: ContainerState): Promise<ContainerProcess | ContainerExit | undefined> {
    const folder = this.files.attempt(state.name, state.restarts);
    const adopted = ContainerProcess.adopt(folder);
    if (adopted) return adopted;
    for (;;) {
      if (this.stopping.interrupted) return undefined;
      try {
        const started = await this.launcher.launch(this.pod, this.specOf(state), folder);
        if (this.stopping.interrupted && 'ended' in started) started.signal('SIGTERM');
        return started;
      } catch (error) {
        const message = messageOf(error);
        if (error instanceof VolumeMountError) {
          if (message !== this.volumeTrouble) this.tell('Warning', 'FailedMount', message);
          this.volumeTrouble = message;
          state.phase = { kind: 'waiting', reason: 'ContainerCreating' };
          await this.report();
          await this.stopping.sleep(configRetryMilliseconds);
          continue;
        }
        if (!(error instanceof ContainerConfigError || error instanceof KubeError)) {
          return { code: 128, reason: 'StartError', message };
        }
        state.phase = { kind: 'waiting', reason: 'CreateContainerConfigError', message };
        await this.report();
        await this.stopping.sleep(configRetryMilliseconds);
      }
    }
  }

  /** After a deletion: waits for the end, reports it, and lets the pod object go. */
  private async finish(): Promise<void> {
    await this.running;
    clearTimeout(this.killTimer);
    await this.report();
    if (this.reporter.isSilent || !this.pod.metadata.deletionTimestamp) return;
    const { name, namespace, uid } = this.pod.metadata;
    await this.options.client
      .remove(`/api/v1/namespaces/${namespace}/pods/${name}`, {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        gracePeriodSeconds: 0,
        preconditions: { uid },
      })
      .catch(() => undefined);
  }

  private tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const about = { ...this.pod, apiVersion: 'v1', kind: 'Pod' };
    const host = stringOr(at(this.pod, 'spec', 'nodeName'), '');
    void recordEvent(this.options.client, about, { type, reason, message, component: 'kubelet', host });
  }

  private report(): Promise<void> {
    const { init, containers, startTime } = this;
    return this.reporter.report(this.pod, () =>
      podStatus({ pod: this.pod, init, containers, failure: this.failure, startTime }),
    );
  }

  /** True when nothing will run any more. */
  get isOver(): boolean {
    const policy = stringOr(at(this.pod, 'spec', 'restartPolicy'), 'Always');
    return (
      this.failure !== undefined ||
      ['Succeeded', 'Failed'].includes(podPhase(this.init, this.containers, policy))
    );
  }
}

function restartsOf(pod: KubeObject, container: string): number {
  const statuses = [
    ...objectsOf(at(pod, 'status', 'containerStatuses')),
    ...objectsOf(at(pod, 'status', 'initContainerStatuses')),
  ];
  const count = statuses.find((status) => status['name'] === container)?.['restartCount'];
  return typeof count === 'number' ? count : 0;
}
