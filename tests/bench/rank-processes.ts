import type { ChildProcess, Serializable } from 'node:child_process';
import { once } from 'node:events';

/** Gives all ranks the command at once; their answers, when all are done. */
export async function tell<Answer>(
  children: readonly ChildProcess[],
  command: Serializable,
): Promise<Answer[]> {
  const answers = children.map((child) => answerOf<Answer>(child));
  for (const child of children) child.send(command);
  return Promise.all(answers);
}

/** The next message of a rank. @throws Error when it ends instead */
export async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const done = new AbortController();
  const { signal } = done;
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('a rank ended early; see its messages above');
  });
  try {
    const [answer]: Answer[] = await Promise.race([once(child, 'message', { signal }), ended]);
    if (answer === undefined) throw new Error('a rank did not answer');
    return answer;
  } finally {
    done.abort();
  }
}

/** The rank's side: obeys each command and answers it, until the parent goes. */
export function serveCommands(obey: (command: never) => Promise<Serializable>): void {
  process.on('message', (command: unknown) => {
    void obey(command as never).then(
      (answer) => process.send?.(answer),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  for (const event of ['disconnect', 'SIGTERM']) process.on(event, () => process.exit(0));
}
