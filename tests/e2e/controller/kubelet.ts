import type { KubeClient, KubeObject, ObjectRef } from '@tuneyard/controller/kube';
import { PODS } from './cluster.js';

/** What a node agent would write about a pod. */
export async function reportPod(
  client: KubeClient,
  ref: ObjectRef,
  phase: 'Running' | 'Succeeded' | 'Failed',
  exitCode = 0,
  message = '',
): Promise<void> {
  const state =
    phase === 'Running'
      ? { running: { startedAt: '2026-01-01T00:00:00Z' } }
      : {
          terminated: {
            exitCode,
            message,
            reason: exitCode === 0 ? 'Completed' : 'Error',
            startedAt: '2026-01-01T00:00:00Z',
            finishedAt: '2026-01-01T00:00:01Z',
          },
        };
  const status = {
    phase,
    containerStatuses: [
      { name: 'trainer', image: 'trainer', imageID: '', ready: phase === 'Running', restartCount: 0, state },
    ],
  };
  await client.mergePatch<KubeObject>(PODS, ref, { status }, { subresource: 'status' });
}
