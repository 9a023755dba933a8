import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { selectBackend } from '@tuneyard/trainer/tensor';
import { caseNames, readCase } from './case-files.js';
import { checkNf4 } from './check-nf4.js';
import { runCase, type CaseResult } from './run-case.js';
import { readOptions } from '../support/read-options.js';

/** The repository's own cases, from the compiled file in tests/dist/parity. */
const OWN_CASES = fileURLToPath(new URL('../../parity/cases', import.meta.url));

const USAGE = `
npm run test:parity -- [options]

Trains the cases of PyTorch + PEFT again and compares losses, gradient norms, adapters and logits.

  --cases DIR        default: those of this repository
  --golden DIR       also compares NF4 with the bytes in this folder
  --checkpointing    with gradient checkpointing
`;
const values = readOptions(USAGE, {
  cases: { type: 'string', default: OWN_CASES },
  golden: { type: 'string' },
  checkpointing: { type: 'boolean', default: false },
});

if (!existsSync(values.cases)) {
  console.error(`${values.cases}: there is no such folder.`);
  process.exit(2);
}
const backend = await selectBackend({ force: process.env['TUNEYARD_BACKEND'] });
console.log(`backend: ${backend.name} (${backend.reason})`);

let passed = 0;
let failed = 0;
const count = (ok: boolean) => (ok ? passed++ : failed++);

for (const name of caseNames(values.cases)) {
  try {
    const result = await runCase(readCase(values.cases, name), {
      gradientCheckpointing: values.checkpointing,
    });
    console.log(line(result));
    count(result.ok);
  } catch (error) {
    console.log(`${name.padEnd(26)} failed: ${error instanceof Error ? error.message : String(error)}`);
    count(false);
  }
}
if (values.golden !== undefined) {
  for (const { name, ok, detail } of checkNf4(values.golden)) {
    console.log(`nf4 ${name.padEnd(22)} ${detail} ${ok ? 'ok' : 'NOT OK'}`);
    count(ok);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function line({ name, loss, gradientNorm, adapter, logits, complaints, ok }: CaseResult): string {
  const figures = `loss ${show(loss)}  gradient norm ${show(gradientNorm)}  adapter ${show(adapter)}  logits ${show(logits)}`;
  return `${name.padEnd(26)} ${figures}  ${ok ? 'ok' : 'NOT OK'}${complaints.map((text) => `; ${text}`).join('')}`;
}

function show(error: number): string {
  return error.toExponential(1);
}
