import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A Python script that answers every line it is given with a line of JSON; it waits while it is not asked. */
export interface PythonProcess {
  /** The next answer. @throws Error when the process ended instead */
  readonly answer: <Answer>() => Promise<Answer>;
  readonly ask: <Answer>(command: string) => Promise<Answer>;
  readonly end: () => void;
}

/** @param name for messages, such as `PyTorch` */
export function startPython(
  name: string,
  python: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): PythonProcess {
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <Answer>(): Promise<Answer> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`the ${name} process ended early; see its messages above`);
    const parsed: Answer = JSON.parse(line.value);
    return parsed;
  };
  return {
    answer,
    ask: <Answer>(command: string) => {
      child.stdin.write(`${command}\n`);
      return answer<Answer>();
    },
    end: () => void child.kill(),
  };
}
