import type { JsonObject } from '../apiserver/json.js';
import type { KubeObject } from '../apiserver/kube-object.js';
import { KubeError, type KubeClient } from '../kube-client/kube-client.js';

const attempts = 5;

/** Writes a pod's status, when it has changed. Reports follow one another; each writes the state of its turn. */
export class StatusReporter {
  private reported = '';
  private turn: Promise<void> = Promise.resolve();
  private silent = false;

  constructor(private readonly client: KubeClient) {}

  /** Nothing is written any more. */
  silence(): void {
    this.silent = true;
  }

  get isSilent(): boolean {
    return this.silent;
  }

  report(pod: KubeObject, status: () => JsonObject): Promise<void> {
    this.turn = this.turn.then(() => this.write(pod, status()));
    return this.turn;
  }

  private async write(pod: KubeObject, status: JsonObject): Promise<void> {
    const text = JSON.stringify(status);
    if (text === this.reported) return;
    const { name, namespace, uid } = pod.metadata;
    for (let attempt = 0; attempt < attempts && !this.silent; attempt += 1) {
      try {
        await this.client.mergePatch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, {
          metadata: { uid },
          status,
        });
        this.reported = text;
        return;
      } catch (error) {
        // Gone, or replaced by another pod of that name: nobody is left to tell.
        if (error instanceof KubeError && (error.code === 404 || error.code === 409)) return;
        await new Promise<void>((resolve) => {
          setTimeout(resolve, 200 * 2 ** attempt);
        });
      }
    }
  }
}
