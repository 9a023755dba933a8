import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { TlsMaterial } from '@tuneyard/trainer/collective';

/** A certificate authority of one run and a certificate (EC P-256) for each name, made with openssl. */
export function makeCertificates(names: readonly string[]): Map<string, TlsMaterial> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-ca-'));
  const file = (name: string): string => path.join(folder, name);
  const openssl = (...words: string[]): void => {
    execFileSync('openssl', words, { stdio: 'ignore' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  try {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      file('ca.key'),
      '-out',
      file('ca.pem'),
      '-subj',
      '/CN=run',
      '-days',
      '2',
    );
    const ca = readFileSync(file('ca.pem'));
    return new Map(
      names.map((name) => {
        openssl('req', ...newKey, '-keyout', file('key'), '-out', file('csr'), '-subj', `/CN=${name}`);
        writeFileSync(file('ext'), `subjectAltName=DNS:${name}\n`);
        const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
        openssl(
          'x509',
          '-req',
          '-in',
          file('csr'),
          ...signer,
          '-out',
          file('pem'),
          '-days',
          '2',
          '-extfile',
          file('ext'),
        );
        return [name, { ca, certificate: readFileSync(file('pem')), key: readFileSync(file('key')) }];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
