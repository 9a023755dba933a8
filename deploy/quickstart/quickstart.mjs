// npm run quickstart: installs and builds what is missing, then hands over to the compiled program.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`quickstart: Node 20 or newer is needed, this is ${process.version}`);
  process.exit(2);
}

function step(what, command, args) {
  console.error(`${what} …`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) {
    console.error(`quickstart: "${command} ${args.join(' ')}" failed; run it by hand to see why`);
    process.exit(1);
  }
}

const installed = join(root, 'node_modules', '.package-lock.json');
const lock = join(root, 'package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  step('installing npm packages', 'npm', [
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
}
step('building', 'npm', ['run', '--silent', 'build']);
await import('./dist/main.js');
