import type { Command } from 'commander';
import { UserError } from './errors.js';

/**
 * Parses the command line and runs `action` until it ends. `stopped` resolves on SIGINT or SIGTERM. A UserError is
 * printed alone and exits with 2; a bad command line exits with 2 as well.
 */
export async function runCommand(
  program: Command,
  action: (stopped: Promise<void>) => Promise<void>,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  try {
    program.parse();
    await action(stopped);
    process.exitCode = 0;
  } catch (error) {
    if (error instanceof UserError) console.error(`${program.name()}: ${error.message}`);
    else console.error(error);
    process.exitCode = error instanceof UserError ? 2 : 1;
  }
  process.exit();
}

/** A whole number from a flag; throws UserError. */
export function wholeNumber(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new UserError(`${flag} must be a whole number from 0 to ${max}, not "${text}".`);
}
