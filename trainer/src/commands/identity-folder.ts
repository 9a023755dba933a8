import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { TlsIdentity, type TlsMaterial } from '../collective/index.js';
import { UserError } from '../errors.js';

/** A node brings newer certificates into the folder within minutes; they come hours before the old ones end. */
const LOOK_EVERY_MS = 30_000;

export interface IdentityFolder {
  readonly identity: TlsIdentity;
  /** Takes what is there now. Unreadable files change nothing: they may be about to be replaced. */
  readonly look: () => void;
  readonly close: () => void;
}

/**
 * A worker's certificates from the folder that the controller has mounted: `identity.pem` (key and certificates),
 * `ca.pem` (the job's authority) and `coordinator-ca.pem`; newer ones are taken as they come.
 * @param onRenewed told when newer ones were taken, or why they could not be
 * @throws UserError when they are missing or damaged
 */
export function watchIdentityFolder(
  folder: string,
  onRenewed: (error: Error | undefined) => void,
): IdentityFolder {
  let material: TlsMaterial;
  try {
    material = readIdentity(folder);
  } catch (error) {
    throw new UserError(
      `TUNEYARD_IDENTITY: no certificates can be read from ${folder}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const identity = new TlsIdentity(material);
  const look = (): void => {
    try {
      const newer = readIdentity(folder);
      if (isSame(newer, material)) return;
      material = newer;
      identity.replace(newer);
      onRenewed(undefined);
    } catch (error) {
      onRenewed(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return { identity, look, close: () => clearInterval(timer) };
}

/** @throws Error when a file is missing, or key and certificate do not belong together */
function readIdentity(folder: string): TlsMaterial {
  const read = (name: string) => readFileSync(path.join(folder, name));
  const own = read('identity.pem');
  const material = {
    ca: read('ca.pem'),
    coordinatorCa: read('coordinator-ca.pem'),
    certificate: own,
    key: own,
  };
  createSecureContext({ ca: [material.ca, material.coordinatorCa], cert: own, key: own });
  return material;
}

const isSame = (a: TlsMaterial, b: TlsMaterial) =>
  a.certificate.equals(b.certificate) &&
  a.ca.equals(b.ca) &&
  (a.coordinatorCa ?? a.ca).equals(b.coordinatorCa ?? b.ca);
