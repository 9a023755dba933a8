// Says which npm packages an image holds, and under which licenses: a software bill of materials (CycloneDX) and the
// license texts, as their licenses ask for.
//
//   node deploy/docker/describe-packages.mjs --workspace controller|trainer --out FOLDER
//
// Reads the lock file and the installed packages below node_modules; fails when one of these has a license that is not
// known to allow redistribution. Writes FOLDER/sbom.cdx.json and FOLDER/THIRD_PARTY_NOTICES.txt.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** SPDX identifiers of licenses that let an image be passed on when their texts go along. */
const ACCEPTED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

const { values } = parseArgs({
  options: { workspace: { type: 'string' }, out: { type: 'string' } },
});
if (!['controller', 'trainer'].includes(values.workspace) || values.out === undefined) {
  console.error(
    'usage: node deploy/docker/describe-packages.mjs --workspace controller|trainer --out FOLDER',
  );
  process.exit(2);
}

const selection = ['--omit', 'dev', '--workspace', `@tuneyard/${values.workspace}`];
const bill = JSON.parse(npm('sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', ...selection));
const packages = [...new Set(npm('ls', '--all', '--parseable', ...selection).split('\n'))]
  .filter((folder) => folder.includes('/node_modules/') && existsSync(join(folder, 'package.json')))
  .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
  .filter(({ name }) => !name.startsWith('@tuneyard/'))
  .sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
if (packages.length === 0) throw new Error('no package is installed: run npm ci first');

const refused = [];
const notices = packages.map(({ folder, ...manifest }) => {
  const { name, version } = manifest;
  const license = licenseOf(manifest);
  if (!isAccepted(license)) refused.push(`${name}@${version}: ${license}`);
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file) && !/\.(js|ts)$/.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, ...texts].join('\n\n');
});
if (refused.length > 0) {
  console.error(`packages whose license is not on the list of ${fileURLToPath(import.meta.url)}:`);
  for (const line of refused) console.error(`  ${line}`);
  process.exit(1);
}

mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, 'sbom.cdx.json'), `${JSON.stringify(bill, null, 1)}\n`);
const rule = `\n\n${'-'.repeat(80)}\n\n`;
writeFileSync(join(values.out, 'THIRD_PARTY_NOTICES.txt'), `${notices.join(rule)}\n`);
console.log(`${packages.length} packages described in ${values.out}`);

function npm(...args) {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 };
  // It ends with 1 where packages of other workspaces are not installed, as in an image, and has answered all the same.
  const { stdout, stderr } = spawnSync('npm', args, options);
  if (stdout.trim() === '') throw new Error(`npm ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** What package.json says, in its present form or in the one of old packages. */
function licenseOf({ license, licenses }) {
  const said = license ?? licenses;
  const one = (value) => (typeof value === 'object' ? value?.type : value);
  return (Array.isArray(said) ? said.map(one).join(' OR ') : one(said)) ?? 'none stated';
}

/** Whether an SPDX expression leaves a choice of accepted licenses only: one of `OR`, all of `AND`. */
function isAccepted(expression) {
  const alternatives = expression.replaceAll(/[()]/g, '').split(/ OR /);
  return alternatives.some((all) => all.split(/ AND /).every((id) => ACCEPTED.has(id.trim())));
}
