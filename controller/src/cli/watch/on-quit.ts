import type { ReadStream } from 'node:tty';

/** As shells have it for a program that was interrupted. */
const INTERRUPTED = 130;
const CONTROL_C = '\u0003';

export interface QuitOptions {
  /** A terminal whose keys `q` and Ctrl-C mean the end; without one, signals alone do. */
  readonly keys?: ReadStream | undefined;
}

/** Calls back with the exit code when the user has seen enough. @returns what gives keys and signals back */
export function onQuit(quit: (code: number) => void, { keys }: QuitOptions = {}): () => void {
  const interrupted = () => quit(INTERRUPTED);
  const pressed = (text: Buffer) => {
    const typed = text.toString();
    if (typed.includes(CONTROL_C)) quit(INTERRUPTED);
    else if (/q/i.test(typed)) quit(0);
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  keys?.setRawMode(true).on('data', pressed).resume();
  return () => {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    keys?.setRawMode(false).off('data', pressed).pause();
  };
}
