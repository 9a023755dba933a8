import type { KubeClient, KubeObject, ObjectRef } from '@tuneyard/controller/kube';
import { Reflector } from '@tuneyard/controller/kube';
import { PODS } from './kinds.js';

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

/** Ends deleted pods at once, as a node agent does when their process is gone. Returns the function that stops it. */
export function confirmDeletions(client: KubeClient): () => Promise<void> {
  const pods = new Reflector<KubeObject>(client, PODS);
  pods.cache.subscribe(({ type, object }) => {
    if (type === 'deleted' || object.metadata.deletionTimestamp === undefined) return;
    const { name, namespace } = object.metadata;
    void client.delete(PODS, { name, namespace }, { gracePeriodSeconds: 0 });
  });
  pods.start();
  return () => pods.stop();
}
