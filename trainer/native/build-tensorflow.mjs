// Builds the native library of @tensorflow/tfjs-node-gpu against a current TensorFlow, so that the `tensorflow`
// backend loads. The package's own download is TensorFlow 2.9.1 for CUDA 11.2, which knows no GPU after Ampere; the
// TensorFlow wheel has a current libtensorflow (CUDA 12 and sm_90 in `tensorflow`, CPU only in `tensorflow-cpu`).
//
//   npm run build:tensorflow [-- --wheel FILE | --pip tensorflow==2.21.0] [-- --sha256 HEX] [-- --package DIR]
//   npm run build:tensorflow -- --check
//
// Needs Linux, python3 (pip and zipfile), make and g++. Without --wheel, `pip download` fetches tensorflow-cpu. A wheel
// of another --sha256 is refused before anything of it is unpacked.
// Writes only below the package: deps/include, deps/lib and lib/napi-v8.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const NAPI = '8';
const require = createRequire(import.meta.url);

/** One sentence for the reader; exit code 2. */
class BuildError extends Error {}

const { values } = parseArgs({
  options: {
    wheel: { type: 'string' },
    pip: { type: 'string', default: 'tensorflow-cpu' },
    sha256: { type: 'string', default: '' },
    package: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
});

try {
  main();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`build:tensorflow: ${error.message}`);
  process.exitCode = 2;
}

function main() {
  if (process.platform !== 'linux')
    throw new BuildError('only Linux wheels hold a libtensorflow to link with.');
  const folder = packageFolder();
  if (values.check) {
    check(folder);
    return;
  }
  const work = mkdtempSync(join(tmpdir(), 'tuneyard-tensorflow-'));
  try {
    const wheel = values.wheel === undefined ? download(values.pip, work) : resolve(values.wheel);
    if (!existsSync(wheel)) throw new BuildError(`${wheel}: there is no such file.`);
    checkDigest(wheel);
    console.log(`unpacking ${wheel}`);
    unpack(wheel, work);
    placeLibraries(join(work, 'tensorflow'), join(folder, 'deps'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  compile(folder);
  check(folder);
}

function packageFolder() {
  if (values.package !== undefined) return resolve(values.package);
  try {
    return dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'));
  } catch {
    throw new BuildError(
      "@tensorflow/tfjs-node-gpu is not installed; run 'npm ci --include=optional' first.",
    );
  }
}

function download(requirement, work) {
  console.log(`pip download ${requirement}`);
  const folder = join(work, 'wheel');
  run('python3', [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--dest',
    folder,
    requirement,
  ]);
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new BuildError(`pip gave no wheel for ${requirement}.`);
  return join(folder, wheel);
}

function checkDigest(wheel) {
  const digest = createHash('sha256').update(readFileSync(wheel)).digest('hex');
  if (values.sha256 === '')
    console.log(`sha256 of ${basename(wheel)}: ${digest} (--sha256 holds the next build to it)`);
  else if (values.sha256 !== digest)
    throw new BuildError(`${basename(wheel)} has sha256 ${digest}, but ${values.sha256} is asked for.`);
}

/** The C API's headers and the two libraries; the rest of a wheel is Python. */
function unpack(wheel, work) {
  const wanted = String.raw`^tensorflow/(libtensorflow_(cc|framework)\.so\.\d+|include/(tensorflow/c|tensorflow/core/platform|xla/tsl|tsl)/.*\.h)$`;
  const script = [
    'import re, sys, zipfile',
    'wheel, target, wanted = sys.argv[1:]',
    'with zipfile.ZipFile(wheel) as archive:',
    '    archive.extractall(target, [n for n in archive.namelist() if re.match(wanted, n)])',
  ].join('\n');
  run('python3', ['-c', script, wheel, work, wanted]);
  if (!existsSync(join(work, 'tensorflow', 'include', 'tensorflow', 'c', 'c_api.h')))
    throw new BuildError(
      `${wheel} is not a TensorFlow wheel: it has no tensorflow/include/tensorflow/c/c_api.h.`,
    );
}

/** deps/ as the package's binding.gyp expects it: the library of the C API is called libtensorflow there. */
function placeLibraries(unpacked, deps) {
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  cpSync(join(unpacked, 'include'), join(deps, 'include'), { recursive: true });
  const libraries = readdirSync(unpacked).filter((name) => name.startsWith('libtensorflow_'));
  for (const name of libraries) {
    cpSync(join(unpacked, name), join(deps, 'lib', name));
    // Linked by the plain name, loaded by the name that the library carries inside.
    const plain = name.replace('libtensorflow_cc', 'libtensorflow').replace(/\.so\.\d+$/, '.so');
    symlinkSync(name, join(deps, 'lib', plain));
  }
}

function compile(folder) {
  const headers = dirname(dirname(process.execPath));
  // Without the headers beside node, node-gyp downloads them.
  const nodedir = existsSync(join(headers, 'include', 'node', 'node_api.h')) ? [`--nodedir=${headers}`] : [];
  const variables = [
    '-Dmodule_name=tfjs_binding',
    `-Dmodule_path=${join(folder, 'lib', `napi-v${NAPI}`)}`,
    `-Dnapi_build_version=${NAPI}`,
  ];
  const options = ['rebuild', '--release', ...nodedir, '--', ...variables];
  console.log(`node-gyp ${options.join(' ')}`);
  run(process.execPath, [nodeGyp(), ...options], { cwd: folder });
  rmSync(join(folder, 'build'), { recursive: true, force: true });
}

/** npm brings node-gyp and names it to its scripts. */
function nodeGyp() {
  const beside = join(
    dirname(process.execPath),
    '..',
    'lib',
    'node_modules',
    'npm',
    'node_modules',
    'node-gyp',
  );
  const candidates = [process.env.npm_config_node_gyp, join(beside, 'bin', 'node-gyp.js')];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (found === undefined)
    throw new BuildError("node-gyp is not here; start this with 'npm run build:tensorflow'.");
  return found;
}

/** Loads the binding in a process of its own and multiplies two matrices. */
function check(folder) {
  const script = [
    "const util = require('node:util');",
    'util.isNullOrUndefined ??= (value) => value === null || value === undefined;',
    `const tf = require(${JSON.stringify(folder)});`,
    'const [sum] = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).sum().dataSync();',
    "if (sum !== 12) throw new Error('a product of ones gave ' + sum);",
    'const { binding, isUsingGpuDevice } = tf.backend();',
    "console.log('TensorFlow ' + binding.TF_Version + (isUsingGpuDevice ? ' on a GPU' : ' on the CPU') + ' loads');",
  ].join('\n');
  run(process.execPath, ['-e', script], { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' } });
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error) throw new BuildError(`${command} does not start: ${error.message}`);
  if (status !== 0) throw new BuildError(`${command} failed with ${String(status)}; its messages are above.`);
}
