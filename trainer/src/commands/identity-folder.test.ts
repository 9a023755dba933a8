import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchIdentityFolder, type IdentityFolder } from './identity-folder.js';

/** Made with openssl for these tests, and of use for nothing else. */
const FIRST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2qDrmYGkKlW45CyZ
jF9s5MKd1N8XFgmOiaVvLdREM+uhRANCAASIYBQ6RZvXwtaP9tno+A6H7CWxwDNR
dYf2cjiiCWYADgrHacIRdzQ8byIy6MvUPHADfDTOXmjJI27aQ051s6is
-----END PRIVATE KEY-----\n`;
const FIRST = `-----BEGIN CERTIFICATE-----
MIIBcjCCARegAwIBAgIULRxpau+l7b+rtHcUMtD1Jd/k5GMwCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCdzEwIBcNMjYxMTI3MDkyOTM2WhgPMjEyNjExMDMwOTI5MzZa
MA0xCzAJBgNVBAMMAncxMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiGAUOkWb
18LWj/bZ6PgOh+wlscAzUXWH9nI4oglmAA4Kx2nCEXc0PG8iMujL1DxwA3w0zl5o
ySNu2kNOdbOorKNTMFEwHQYDVR0OBBYEFN1Fa8vZ2T5MJeayJ1XQ9yBnq73JMB8G
A1UdIwQYMBaAFN1Fa8vZ2T5MJeayJ1XQ9yBnq73JMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSQAwRgIhAIBQ/vF1D9R5lQ+vC9UufilI6jWnkRh6xn6qIJFZ
CdhQAiEA8yvPNVA0kVAhYdv/PkUgup1RZE9c99E5wybgE6tc06I=
-----END CERTIFICATE-----\n`;
const SECOND_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFYr4U8QtQkLymYZe
zULQbC6myRf2Reel/PrqY8n3BpKhRANCAARYp0ntTjefYMvEexpkMFhtxB+golZ6
Aqgc07JoFm26jZgwelB0e4C5uufX3Tn+Sx2SuNSKXnfXviiSzLiT6Tsd
-----END PRIVATE KEY-----\n`;
const SECOND = `-----BEGIN CERTIFICATE-----
MIIBcTCCARegAwIBAgIUROl82GK0PjSHRAnDuH8ftxrvWQYwCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCdzIwIBcNMjYxMTI3MDkyOTM2WhgPMjEyNjExMDMwOTI5MzZa
MA0xCzAJBgNVBAMMAncyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWKdJ7U43
n2DLxHsaZDBYbcQfoKJWegKoHNOyaBZtuo2YMHpQdHuAubrn1905/ksdkrjUil53
174oksy4k+k7HaNTMFEwHQYDVR0OBBYEFKHswReO8jiSv/p7NGVujEzAE1QiMB8G
A1UdIwQYMBaAFKHswReO8jiSv/p7NGVujEzAE1QiMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSAAwRQIhAM3fINYTL7WPFhRCAvMt+DhTZDA2rSgs5aAU9v4V
G2hmAiAzF/rwHk5hY73InQJpcgBlGUL61HfryLyFWNDfxXhIjg==
-----END CERTIFICATE-----\n`;

let folder: string;
let watched: IdentityFolder | undefined;
let told: (string | undefined)[];

const put = (identity: string, ca = FIRST): void => {
  writeFileSync(path.join(folder, 'identity.pem'), identity);
  writeFileSync(path.join(folder, 'ca.pem'), ca);
  writeFileSync(path.join(folder, 'coordinator-ca.pem'), FIRST);
};
const watch = (): IdentityFolder =>
  (watched = watchIdentityFolder(folder, (error) => told.push(error?.message)));

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-identity-'));
  told = [];
});
afterEach(() => {
  watched?.close();
  watched = undefined;
  rmSync(folder, { recursive: true, force: true });
});

describe('the folder of certificates', () => {
  it('is read at the start, and again when something in it has changed', () => {
    put(FIRST_KEY + FIRST);
    const { identity, look } = watch();
    let replaced = 0;
    identity.onReplace(() => (replaced += 1));
    look();
    expect([identity.version, replaced, told]).toEqual([0, 0, []]);
    put(SECOND_KEY + SECOND, SECOND);
    look();
    expect([identity.version, replaced, told]).toEqual([1, 1, [undefined]]);
    expect(identity.current.ca.toString()).toBe(SECOND);
    expect(identity.current.coordinatorCa?.toString()).toBe(FIRST);
  });

  it('changes nothing while what is in it is damaged', () => {
    put(FIRST_KEY + FIRST);
    const { identity, look } = watch();
    put(FIRST_KEY + SECOND);
    look();
    put('');
    look();
    expect(identity.version).toBe(0);
    expect(identity.current.certificate.toString()).toBe(FIRST_KEY + FIRST);
    expect(told).toHaveLength(2);
    expect(told).not.toContain(undefined);
  });

  it('must have certificates, or the worker says what is missing', () => {
    expect(watch).toThrow(/TUNEYARD_IDENTITY: no certificates can be read from .*identity\.pem/);
  });
});
