import { basename } from 'node:path';
import { UserError } from '../errors.js';
import { createProgram } from './program.js';

// `tuneyard get | head` ends when head does, without a stack trace.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(stream === process.stdout ? 0 : 1);
    // The terminal is gone; the signal that says so decides.
    if (error.code !== 'EIO') throw error;
  });
}

/** kubectl runs the program of this name for `kubectl tuneyard`. */
const isPlugin = basename(process.argv[1] ?? '').startsWith('kubectl-');

try {
  await createProgram(isPlugin ? 'kubectl tuneyard' : 'tuneyard').parseAsync();
} catch (error) {
  console.error(`tuneyard: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof UserError ? 2 : 1;
}
