import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { messageOf, UserError } from '../../errors.js';
import { issueCertificate, restoreAuthority, type Authority } from '../../tls/certificate.js';
import { isProcessAlive } from '../../process-alive.js';
import { writePrivateFile } from '../kubeconfig.js';

/** What must survive a restart so that kubeconfigs and tokens stay valid. */
export interface Identity {
  authority: Authority;
  /** The administrator's bearer token. */
  token: string;
  /** Signs service account tokens. */
  signingKey: Buffer;
}

interface StoredIdentity {
  certificate: string;
  key: string;
  token: string;
  signingKey: string;
}

const authorityName = 'tuneyard-local-ca';

export function createIdentity(): Identity {
  return {
    authority: issueCertificate({ commonName: authorityName, usage: 'authority', days: 3650 }),
    token: randomBytes(24).toString('base64url'),
    signingKey: randomBytes(32),
  };
}

/** The identity kept in a data folder, made on first use. Throws UserError when the file is damaged. */
export function folderIdentity(folder: string): Identity {
  const file = path.join(folder, 'identity.json');
  if (!existsSync(file)) {
    const made = createIdentity();
    const { certificate, key } = made.authority;
    writePrivateFile(
      file,
      JSON.stringify({ certificate, key, token: made.token, signingKey: made.signingKey.toString('base64') }),
    );
    return made;
  }
  try {
    const stored: StoredIdentity = JSON.parse(readFileSync(file, 'utf8'));
    return {
      authority: restoreAuthority(authorityName, stored),
      token: stored.token,
      signingKey: Buffer.from(stored.signingKey, 'base64'),
    };
  } catch (error) {
    throw new UserError(
      `${file} cannot be read (${messageOf(error)}); remove it to get new certificates and tokens.`,
    );
  }
}

/** Locks that this process holds. */
const held = new Set<string>();

/** Takes a data folder for this process alone; returns the function that gives it back. Throws UserError. */
export function lockFolder(folder: string): () => void {
  const lock = path.resolve(folder, 'lock');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (existsSync(lock)) {
      const owner = Number(readFileSync(lock, 'utf8'));
      // In a container every server may have the same pid: a lock of this pid counts only if it is this process's.
      if (owner === process.pid ? held.has(lock) : isProcessAlive(owner)) {
        throw new UserError(
          `The data folder ${folder} is in use by process ${owner}; stop it or choose another folder (--data).`,
        );
      }
      rmSync(lock);
    }
    const handle = openSync(lock, 'wx', 0o600);
    writeSync(handle, String(process.pid));
    closeSync(handle);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`The data folder ${folder} cannot be used: ${messageOf(error)}.`);
  }
  held.add(lock);
  return () => {
    held.delete(lock);
    rmSync(lock, { force: true });
  };
}
