// Compiles the kernels to build/kernels.wasm and, with fused multiply-add, build/kernels-relaxed.wasm, and those of the
// all-reduce to build/collective.wasm. The kernels run inside the memory of the tfjs wasm backend, so a module must
// import its memory and must not bring data of its own: a data segment would overwrite the tfjs heap.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, '..', 'build');

await compile(join(here, 'index.ts'), 'kernels.wasm', ['simd']);
await compile(join(here, 'index.ts'), 'kernels-relaxed.wasm', ['simd', 'relaxed-simd']);
await compile(join(here, 'collective', 'index.ts'), 'collective.wasm', ['simd']);

async function compile(source, name, features) {
  const { error, stderr } = await asc.main(
    [
      source,
      '--outFile',
      name,
      '-O3',
      '--noAssert',
      '--converge',
      ...features.flatMap((feature) => ['--enable', feature]),
      '--runtime',
      'stub',
      '--importMemory',
      // No AssemblyScript object is ever made; the base only tells the compiler where statics would go.
      '--memoryBase',
      '1024',
    ],
    { readFile: readSource, writeFile: writeOutput, listFiles: () => [] },
  );
  if (!error) return;
  console.error(stderr.toString());
  throw error;
}

async function readSource(name, baseDir) {
  try {
    return await readFile(join(baseDir === '.' ? '' : baseDir, name), 'utf8');
  } catch {
    return null;
  }
}

async function writeOutput(name, contents) {
  const bytes = contents instanceof Uint8Array ? contents : new TextEncoder().encode(contents);
  assertNoData(bytes);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), bytes);
  console.log(`${name}: ${bytes.length} bytes`);
}

/** Walks the sections of the module and refuses a data section (id 11) with segments in it. */
function assertNoData(bytes) {
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at++];
    const [size, start] = leb128(bytes, at);
    if (id === 11 && leb128(bytes, start)[0] > 0)
      throw new Error('the kernels own memory data (a table of Math or a string); they may not');
    at = start + size;
  }
}

function leb128(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    if (byte < 128) return [value >>> 0, at];
  }
}
