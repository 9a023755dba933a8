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
    // Jobs of tests name models that are nowhere; what asks the hub names a server of its own.
    // Sentences are compared in English, whatever the machine speaks.
    env: { HF_HUB_OFFLINE: '1', TUNEYARD_LANG: 'en' },
    pool: 'forks',
    maxWorkers: 2,
    // Only a guard against hanging: no test measures time, and machines are shared.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
