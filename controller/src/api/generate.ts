import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { fineTuneJobCrd, gpuQueueCrd } from './crd.js';

const HEADER =
  '# Generated from controller/src/api by `npm run generate -w @tuneyard/controller`. Do not edit.\n';

/** File name to content of everything in deploy/crds. */
export const crdFiles = (): Record<string, string> => ({
  'finetunejobs.yaml': HEADER + stringify(fineTuneJobCrd(), { lineWidth: 0, aliasDuplicateObjects: false }),
  'gpuqueues.yaml': HEADER + stringify(gpuQueueCrd(), { lineWidth: 0, aliasDuplicateObjects: false }),
});

const CRD_FOLDER = new URL('../../../deploy/crds/', import.meta.url);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(CRD_FOLDER, { recursive: true });
  for (const [name, content] of Object.entries(crdFiles())) {
    await writeFile(new URL(name, CRD_FOLDER), content);
  }
}
