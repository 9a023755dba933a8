import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeconfigText } from '@tuneyard/local';
import { startController, type ControllerOptions, type RunningController } from '@tuneyard/controller/start';
import { pino } from 'pino';
import { queueObject, startCluster, type Cluster } from '../controller/cluster.js';
import type { FineTuneJob } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { JOBS, PODS, QUEUES } from '../controller/kinds.js';
import type { ApiProxy } from './api-proxy.js';
import { RobotNode } from './robot-node.js';
import { tellStory, type Ending } from './story.js';
import { Watcher } from './watcher.js';

const GPUS = 2;
/** Newest lines of the controllers' log that a failure tells. */
const LINES_TOLD = 20;

/** A cluster on which the story is told, with whatever controllers a test starts. */
export class Stage {
  /** What controllers said. */
  readonly #log: string[] = [];

  private constructor(
    readonly cluster: Cluster,
    readonly robots: RobotNode,
    readonly watcher: Watcher,
    private readonly folder: string,
    private readonly redisUrl: string,
  ) {}

  /** @param redisUrl where coordination outlives controllers; any number of stages may share it */
  static async open(redisUrl: string): Promise<Stage> {
    const cluster = await startCluster();
    await cluster.addNode('gpu-0', GPUS);
    await cluster.client.create(QUEUES, queueObject('team', GPUS));
    const folder = await mkdtemp(join(tmpdir(), 'tuneyard-stage-'));
    const watcher = new Watcher(cluster.client, new Map([['gpu-0', GPUS]]), GPUS);
    return new Stage(cluster, new RobotNode(cluster.client), watcher, folder, redisUrl);
  }

  /** A controller in this process that reaches the API server through the proxy; the workers go to it from now on. */
  async startController(
    proxy: ApiProxy,
    options: Partial<ControllerOptions> = {},
  ): Promise<RunningController> {
    const kubeconfig = join(this.folder, new URL(proxy.url).port);
    await writeFile(kubeconfig, kubeconfigText({ url: proxy.url }));
    const { redisUrl } = this;
    const log = pino({ level: 'debug' }, { write: (line: string) => this.#log.push(line) });
    const controller = await startController({ kubeconfig, kubeApiQps: 0, redisUrl, log, ...options });
    this.robots.coordinator = controller.coordinatorAddress;
    return controller;
  }

  /** @throws Error that also says how things stand */
  async tell(): Promise<Readonly<Record<string, Ending>>> {
    try {
      return await tellStory(this.cluster, this.robots, this.watcher);
    } catch (error) {
      throw new Error(`${String(error)}; ${await this.#state()}`, { cause: error });
    }
  }

  async #state(): Promise<string> {
    const { client } = this.cluster;
    const jobs = (await client.list<FineTuneJob>(JOBS)).items.map(
      ({ metadata, status }) => `${metadata.name} ${JSON.stringify({ ...status, resolved: undefined })}`,
    );
    const pods = (await client.list<KubeObject>(PODS)).items.map(({ metadata, ...pod }) => {
      const { phase } = (pod as { status?: { phase?: string } }).status ?? {};
      return `pod ${metadata.name} ${phase} ${metadata.deletionTimestamp ?? ''}`;
    });
    return [...jobs, ...pods, ...this.#log.slice(-LINES_TOLD)].join('; ');
  }

  async close(): Promise<void> {
    await this.watcher.close();
    await this.robots.close();
    await this.cluster.close();
    await rm(this.folder, { recursive: true });
  }
}
