import { JOB_RESOURCE, isTrue, type FineTuneJob } from '../../api/index.js';
import type { CacheEvent } from '../../kube/index.js';
import { withCluster, type ClusterOptions } from '../cluster.js';
import { findJob } from '../find-job.js';
import { JsonView, LineView } from './line-view.js';
import { LiveView } from './live-view.js';
import { onQuit } from './on-quit.js';
import { TerminalScreen } from './terminal-screen.js';
import type { View } from './view.js';
import type { WatchFormat } from '../output.js';
import { WatchedJobs } from './watched-jobs.js';

export interface WatchOptions extends ClusterOptions {
  readonly allNamespaces: boolean;
  readonly output: WatchFormat;
}

/**
 * Shows a job until it ends, or all jobs until one has seen enough. Resolves with the exit code: 0 when the job is
 * complete or `q` was pressed, 1 when it failed or was deleted.
 */
export function watch(name: string | undefined, options: WatchOptions): Promise<number> {
  return withCluster(options, async (cluster) => {
    const namespace = options.allNamespaces && name === undefined ? undefined : cluster.namespace;
    // What is wrong with the cluster or the name is told before the screen is taken.
    if (name === undefined) await cluster.client.list(JOB_RESOURCE, { namespace, limit: 1 });
    else await findJob(cluster, name);
    const watched = new WatchedJobs(cluster, { name, namespace });
    const isLive = options.output === 'text' && process.stdout.isTTY;
    const what =
      name !== undefined ? 'one job' : namespace === undefined ? 'all jobs' : 'jobs of a namespace';
    const view = isLive ? openLiveView(watched, what) : plainView(options.output);
    const { stdin } = process;
    let release: (() => void) | undefined;
    try {
      return await new Promise<number>((resolve) => {
        release = onQuit(resolve, { keys: isLive && stdin.isTTY ? stdin : undefined });
        watched.start(
          (change) => {
            view.job(change);
            const code = name === undefined ? undefined : endOf(change);
            if (code !== undefined) resolve(code);
          },
          (event) => view.event(event),
        );
      });
    } finally {
      release?.();
      view.close();
      await watched.stop();
    }
  });
}

function openLiveView(watched: WatchedJobs, what: ConstructorParameters<typeof LiveView>[2]): View {
  const view = new LiveView(new TerminalScreen(process.stdout), watched, what);
  process.stdout.on('resize', () => view.resized());
  return view;
}

function plainView(output: WatchOptions['output']): View {
  const write = (line: string) => void process.stdout.write(line);
  return output === 'json' ? new JsonView(write) : new LineView(write);
}

/** The exit code of a job that has ended; undefined while it goes on. */
function endOf({ type, object }: CacheEvent<FineTuneJob>): number | undefined {
  const conditions = object.status?.conditions;
  if (isTrue(conditions, 'Complete')) return 0;
  return type === 'deleted' || isTrue(conditions, 'Failed') ? 1 : undefined;
}
