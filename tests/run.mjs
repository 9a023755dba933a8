// Runs every test there is: installs npm packages and, where it may, the servers that tests use, builds, and
// ends with one line "N passed, N failed". Arguments are passed on to vitest (for example a file name).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const root = new URL('..', import.meta.url).pathname;

/** Programs that tests run, with the Debian package that brings each. */
const PROGRAMS = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  promtool: 'prometheus',
  kubectl: 'kubernetes-client',
};

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function installPackages() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log('installing npm packages …');
  run('npm', ['ci', '--ignore-scripts']);
}

function isInstalled(command) {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, command)));
}

function installPrograms() {
  const missing = Object.entries(PROGRAMS).filter(([command]) => !isInstalled(command));
  if (missing.length === 0) return;
  const packages = missing.map(([, name]) => name);
  const instruction = `apt-get install -y ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    console.error(`tests that need them are skipped: run "${instruction}" to have them`);
    return;
  }
  console.log(`installing ${packages.join(', ')} …`);
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], options).status === 0;
  if (!install()) {
    spawnSync('apt-get', ['update', '-q'], options);
    if (!install()) {
      console.error(
        `could not install them; run "${instruction}" by hand, until then their tests are skipped`,
      );
      return;
    }
  }
  // Debian starts a service of its own where it can; the tests start theirs on free ports.
}

async function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), 'tuneyard-tests-'));
  const report = join(folder, 'report.json');
  const child = spawn(
    join(root, 'node_modules', '.bin', 'vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
    { cwd: root, stdio: 'inherit' },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((resolve) => child.on('exit', (status) => resolve(status ?? 1)));
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    // A file that fails to load has no failed test in it, but is a failure all the same.
    const failed = Math.max(
      numFailedTests,
      numFailedTests === 0 ? numFailedTestSuites : 0,
      code === 0 ? 0 : 1,
    );
    console.log(`${numPassedTests} passed, ${failed} failed`);
    process.exitCode = failed > 0 || numPassedTests === 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

installPackages();
installPrograms();
run('npm', ['run', '--silent', 'build']);
await runVitest();
