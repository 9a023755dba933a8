import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { KubeObject } from '../apiserver/kube-object.js';

/**
 * The folder of one pod below the agent's work folder:
 *
 *     pods/<uid>/volumes/<volume>/             emptyDir, secret, configMap, … contents
 *     pods/<uid>/<container>/root/             stands for the container's file system
 *     pods/<uid>/<container>/<attempt>/log     output, `<time> <stream> <text>` per line
 *     pods/<uid>/<container>/<attempt>/exit    exit code, written when the process has ended
 *     pods/<uid>/<container>/<attempt>/process pid and start time, to find it again
 */
export class PodFiles {
  readonly folder: string;

  constructor(workDir: string, pod: KubeObject) {
    // The uid comes from the API server; as a path element it must not lead anywhere else.
    if (!/^[A-Za-z0-9-]+$/.test(pod.metadata.uid))
      throw new Error(`pod uid ${JSON.stringify(pod.metadata.uid)} is no uid`);
    this.folder = path.join(workDir, 'pods', pod.metadata.uid);
  }

  volume(name: string): string {
    return path.join(this.folder, 'volumes', name);
  }

  root(container: string): string {
    return path.join(this.folder, container, 'root');
  }

  attempt(container: string, attempt: number): string {
    return path.join(this.folder, container, String(attempt));
  }

  create(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
