import { spawnSync } from 'node:child_process';

/** Minor version of the kubectl on this machine, 30 for v1.30; undefined where there is none. */
export const KUBECTL_MINOR = readMinor();

/** From here on kubectl validates and explains by OpenAPI v3, the only one that the local API server serves. */
const OPENAPI_V3 = 29;

/** Whether this machine's kubectl can do all its work against the local API server. */
export const hasKubectl = KUBECTL_MINOR !== undefined && KUBECTL_MINOR >= OPENAPI_V3;

/** What to say in the title of a suite that is skipped; empty where it runs. */
export const WITHOUT_KUBECTL = hasKubectl
  ? ''
  : ` (skipped: there is no kubectl of version 1.${OPENAPI_V3} or newer on this machine)`;

function readMinor(): number | undefined {
  const { stdout } = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  const minor = /"minor": "(\d+)/.exec(stdout ?? '')?.[1];
  return minor === undefined ? undefined : Number(minor);
}
