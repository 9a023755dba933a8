import { expect, test } from 'vitest';
import { selectBackend } from './index.js';
import { UserError } from '../errors.js';

test('an unknown backend is refused with the choices', async () => {
  await expect(selectBackend({ force: 'cuda11' })).rejects.toThrow(UserError);
  await expect(selectBackend({ force: 'cuda11' })).rejects.toThrow(/tensorflow, wasm/);
});

test('a BLAS that does not load is refused by its path', async () => {
  await expect(selectBackend({ force: 'wasm', blas: '/nowhere/libblas.so' })).rejects.toThrow(
    /'\/nowhere\/libblas.so'/,
  );
});

test('the reason says what was chosen and why', async () => {
  const choice = await selectBackend({ force: 'wasm', blas: 'off', native: 'off' });
  const reason = 'set by TUNEYARD_BACKEND; its own matrix product; wasm kernels';
  expect(choice).toEqual({ name: 'wasm', reason });
});

test('a setting of the C kernels that means nothing is refused', async () => {
  await expect(selectBackend({ force: 'wasm', native: 'on' })).rejects.toThrow(/must be 'off', or unset/);
});
