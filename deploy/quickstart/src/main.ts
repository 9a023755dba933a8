import { Command, InvalidArgumentError } from 'commander';
import { quickstart, type QuickstartOptions } from './quickstart.js';

const program = new Command('npm run quickstart --')
  .description(
    'A control plane, a controller and two simulated GPU nodes on this machine, and one job from end to end.',
  )
  .option('--keep', 'leave the control plane up for kubectl; Ctrl-C ends it', false)
  .option('--json <file>', 'write the figures as JSON; - for standard output')
  .option('--port <n>', 'port of the API server; default: any free one', port, 0)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) {
    throw new InvalidArgumentError('must be a port number');
  }
  return value;
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort(signal));

try {
  await quickstart(program.parse().opts<QuickstartOptions>(), interruption.signal);
} catch (error) {
  if (interruption.signal.aborted) process.exitCode = 130;
  else {
    console.error(`quickstart: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = error instanceof Error && error.name === 'UserError' ? 2 : 1;
  }
}
