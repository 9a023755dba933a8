import { defineConfig } from 'vitest/config';

// Fast unit tests first; each test file runs in its own process, because tensor backends and servers keep global state.
export default defineConfig({
  test: {
    include: [
      '{proto,controller,trainer,deploy/local}/src/**/*.test.ts',
      'deploy/examples/**/*.test.ts',
      'tests/**/*.test.ts',
    ],
    exclude: ['**/dist/**', '**/node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
