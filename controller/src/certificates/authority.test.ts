import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type ConnectionOptions, type TlsOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import {
  COORDINATOR_NAME,
  createControllerAuthority,
  issueCoordinatorIdentity,
  issueWorkerIdentity,
  jobAuthority,
  restoreControllerAuthority,
  type Identity,
} from './index.js';

const HOUR_MS = 3_600_000;
const now = Date.now();
const sides = ({ certificate: cert, key }: Identity) => ({ cert, key });

/** 'in' when both sides accept each other, otherwise what the one that refuses says. */
async function shake(server: TlsOptions, client: ConnectionOptions): Promise<string> {
  const listening = createServer({
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    ...server,
  });
  const refused = once(listening, 'tlsClientError').then(([error]) => String(error));
  const entered = once(listening, 'secureConnection').then(() => 'in');
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, servername: COORDINATOR_NAME, ...client });
  const failed = new Promise<string>((resolve) => socket.on('error', (error) => resolve(String(error))));
  const met = Promise.all([entered, once(socket, 'secureConnect').then(() => 'in')]).then(() => 'in');
  met.catch(() => undefined);
  try {
    return await Promise.race([met, refused, failed]);
  } finally {
    socket.destroy();
    listening.close();
  }
}

describe('the authorities', () => {
  it('of a job are the same for every replica and after a restart, and differ from job to job', async () => {
    const controller = createControllerAuthority(now);
    const again = restoreControllerAuthority(controller);
    const mine = jobAuthority(controller, 'u1', now);
    const peer = issueWorkerIdentity(jobAuthority(again, 'u1', now), 'w1', now, HOUR_MS);
    const self = issueWorkerIdentity(mine, 'w0', now, HOUR_MS);
    const other = issueWorkerIdentity(jobAuthority(controller, 'u2', now), 'w1', now, HOUR_MS);
    const serving = { ...sides(self), ca: mine.certificate };
    const dialling = { ca: mine.certificate, servername: 'w0' };
    expect(await shake(serving, { ...dialling, ...sides(peer) })).toBe('in');
    expect(await shake(serving, { ...dialling, ...sides(other) })).not.toBe('in');
    expect(await shake(serving, { ...dialling, ...sides(peer), servername: 'w1' })).toContain('altnames');
  });

  it('let the coordinator follow every job, while no job can pass for the coordinator', async () => {
    const controller = createControllerAuthority(now);
    const coordinator = issueCoordinatorIdentity(controller, now, HOUR_MS);
    const ofJob = jobAuthority(controller, 'u1', now);
    const worker = issueWorkerIdentity(ofJob, 'w0', now, HOUR_MS);
    const posing = issueWorkerIdentity(ofJob, COORDINATOR_NAME, now, HOUR_MS);
    const ca = controller.certificate;
    expect(await shake({ ...sides(coordinator), ca }, { ...sides(worker), ca })).toBe('in');
    expect(await shake({ ...sides(posing), ca }, { ...sides(worker), ca })).toMatch(/purpose/);
  });

  it('issue certificates that end', async () => {
    const controller = createControllerAuthority(now);
    const coordinator = issueCoordinatorIdentity(controller, now, HOUR_MS);
    const late = issueWorkerIdentity(jobAuthority(controller, 'u1', now), 'w0', now, -60_000);
    const ca = controller.certificate;
    expect(await shake({ ...sides(coordinator), ca }, { ...sides(late), ca })).not.toBe('in');
  });
});
