// Compiles the C kernels to build/native/ for each instruction set that the compiler knows; the trainer loads the best
// one that the processor has. Optional: without a C compiler the trainer runs on its wasm kernels.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '..', 'build', 'native');
const sources = ['elementwise.c', 'rows.c', 'softmax.c', 'thin.c'].map((name) => join(here, name));
const flags = ['-O3', '-std=gnu11', '-fno-math-errno', '-Wno-psabi', '-shared', '-fPIC'];

/** Names as in src/tensor/wasm/processor.ts. */
const variants =
  process.arch === 'x64'
    ? { avx512: ['-march=x86-64-v4'], avx2: ['-march=x86-64-v3'], plain: [] }
    : { plain: [] };

const compiler = findCompiler();
rmSync(target, { recursive: true, force: true });
if (compiler === undefined)
  console.log('C kernels: left out, there is no C compiler (cc, gcc, clang or $CC)');
else {
  mkdirSync(target, { recursive: true });
  const built = Object.entries(variants).filter(([name, options]) => compile(compiler, name, options));
  console.log(`C kernels: ${built.map(([name]) => name).join(', ') || 'none'} by ${compiler}`);
}

function findCompiler() {
  if (process.platform === 'win32') return undefined;
  const candidates = [process.env.CC, 'cc', 'gcc', 'clang'].filter((name) => name);
  return candidates.find((name) => spawnSync(name, ['--version']).status === 0);
}

/** False when this compiler cannot: an old one does not know every instruction set. */
function compile(command, name, options) {
  const output = join(target, `kernels-${name}.so`);
  const result = spawnSync(command, [...flags, ...options, '-o', output, ...sources, '-lm'], {
    encoding: 'utf8',
  });
  if (result.status === 0) return true;
  console.log(`C kernels for ${name}: ${(result.stderr ?? '').split('\n').slice(0, 3).join('\n')}`);
  return false;
}
