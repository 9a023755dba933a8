import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.js';

interface Bill {
  readonly bomFormat: string;
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
}

const scratch = mkdtempSync(join(tmpdir(), 'tuneyard-licenses-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const describePackages = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['deploy/docker/describe-packages.mjs', ...args], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });

describe('the bill of materials of an image', () => {
  it.each([
    ['controller', '@kubernetes/client-node', 'koffi'],
    ['trainer', 'koffi', '@kubernetes/client-node'],
  ])('of the %s has its packages, and no others, with their licenses', (workspace, own, foreign) => {
    const out = join(scratch, workspace);
    const { status, stderr } = describePackages('--workspace', workspace, '--out', out);
    expect(status, stderr).toBe(0);
    const bill = JSON.parse(readFileSync(join(out, 'sbom.cdx.json'), 'utf8')) as Bill;
    const names = bill.components.map(({ name }) => name);
    expect(bill.bomFormat).toBe('CycloneDX');
    expect(names).toContain('@grpc/grpc-js');
    expect(names).toContain(own);
    for (const name of [foreign, 'vitest', 'typescript']) expect(names).not.toContain(name);
    const notices = readFileSync(join(out, 'THIRD_PARTY_NOTICES.txt'), 'utf8');
    const headings = notices.split('\n').filter((line) => /^\S+ \d+\.\d+\.\d+\S* \(.+\)$/.test(line));
    expect(headings.some((line) => line.startsWith('@grpc/grpc-js ') && line.endsWith('(Apache-2.0)'))).toBe(
      true,
    );
    expect(headings.some((line) => line.startsWith(`${own} `))).toBe(true);
    expect(notices).toContain('http://www.apache.org/licenses/');
  });

  it('says how it is called when it is called otherwise', () => {
    const { status, stderr } = describePackages('--workspace', 'tests', '--out', join(scratch, 'none'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^usage: /);
  });
});
