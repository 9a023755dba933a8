import { KubernetesObjectApi } from '@kubernetes/client-node';
import { FINE_TUNE_JOB_KIND } from '../api/index.js';
import { defaultNamespace, loadKubeConfig, requestFailed } from './kube-config.js';
import { readManifest } from './read-manifest.js';

export interface SubmitOptions {
  readonly namespace?: string;
  readonly kubeconfig?: string;
}

const FIELD_MANAGER = 'tuneyard-cli';

/** Checks the files, all of them before the first is sent, and applies them. */
export async function submit(files: readonly string[], options: SubmitOptions): Promise<void> {
  const objects = files.map(readManifest);
  const config = loadKubeConfig(options.kubeconfig);
  const client = KubernetesObjectApi.makeApiClient(config);
  for (const object of objects) {
    const namespaced = object.kind === FINE_TUNE_JOB_KIND;
    const namespace = object.metadata.namespace ?? options.namespace ?? defaultNamespace(config);
    const metadata = { ...object.metadata, ...(namespaced ? { namespace } : {}) };
    await client
      .patch(
        { ...object, metadata } as never,
        undefined,
        undefined,
        FIELD_MANAGER,
        true,
        'application/apply-patch+yaml',
      )
      .catch((error: unknown) => {
        throw requestFailed(config, error);
      });
    console.log(`${object.kind} ${namespaced ? `${namespace}/` : ''}${object.metadata.name} applied`);
  }
}
