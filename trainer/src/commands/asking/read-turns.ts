import { createInterface } from 'node:readline';
import { words } from '../../words/index.js';

const PROMPT = '> ';

/**
 * The lines that somebody types, or that a program writes, until the end of the input; on a terminal with a prompt, and Ctrl-C
 * twice ends it. Between lines a terminal is as it was, so that Ctrl-C is a signal while an answer is written.
 */
export async function* readTurns(): AsyncGenerator<string> {
  if (!process.stdin.isTTY) {
    yield* createInterface({ input: process.stdin, crlfDelay: Infinity });
    return;
  }
  let history: string[] = [];
  for (;;) {
    const line = await askLine(history, (kept) => (history = kept));
    if (line === undefined) return;
    yield line;
  }
}

/** @returns undefined for the end of the input */
function askLine(history: readonly string[], keep: (history: string[]) => void): Promise<string | undefined> {
  const terminal = createInterface({
    input: process.stdin,
    output: process.stderr,
    prompt: PROMPT,
    history: [...history],
  });
  return new Promise((resolve) => {
    let isQuitting = false;
    let line: string | undefined;
    terminal.on('history', keep);
    terminal.on('SIGINT', () => {
      if (isQuitting && terminal.line === '') return terminal.close();
      isQuitting = true;
      terminal.write(null, { ctrl: true, name: 'e' });
      terminal.write(null, { ctrl: true, name: 'u' });
      process.stderr.write(`\n(${words().asking.quitHint})\n`);
      terminal.prompt();
    });
    terminal.once('line', (text) => {
      line = text;
      terminal.close();
    });
    terminal.once('close', () => {
      if (line === undefined) process.stderr.write('\n');
      resolve(line);
    });
    terminal.prompt();
  });
}
