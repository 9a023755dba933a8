// Every write of the story as a point at which the controller dies. Run after `npm run build`; --help tells how.
import { startRedis } from '@tuneyard/controller/test-servers';
import { readOptions } from '../../support/read-options.js';
import { type CrashPoint, tryPoint, undisturbed } from './crash.js';
import { inParallel } from './in-parallel.js';

const USAGE = `node tests/dist/e2e/crashes/crash-main.js [options]

A controller runs three jobs through queueing, shrinking, preemption, completion and deletion, and dies at one of its
writes, before or after the API server has it. Another one must come to the same end, each time; both ways are tried of
every write. Needs redis-server.

  --rounds N      so many times (default 1)
  --parallel N    so many runs at a time (default 4)
`;

const values = readOptions(USAGE, {
  rounds: { type: 'string', default: '1' },
  parallel: { type: 'string', default: '4' },
});

const redis = await startRedis();
const url = `redis://127.0.0.1:${redis.port}`;
let failures = 0;
try {
  for (let round = 1; round <= Number(values.rounds); round++) {
    const { writes } = await undisturbed(url);
    const points = writes.flatMap((write): CrashPoint[] => [
      { write, when: 'before' },
      { write, when: 'after' },
    ]);
    await inParallel(Number(values.parallel), points, async (point) => {
      const { isReached, faults } = await tryPoint(url, point);
      if (faults.length > 0) failures++;
      const verdict = isReached ? faults.join('; ') || 'good' : 'not written in that run';
      console.log(`${point.when} ${point.write}: ${verdict}`);
    });
  }
} finally {
  await redis.close();
}
console.log(failures === 0 ? 'all came to the same end' : `${failures} did not`);
process.exit(failures === 0 ? 0 : 1);
