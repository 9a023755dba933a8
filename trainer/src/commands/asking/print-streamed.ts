import { withoutControls } from '@tuneyard/proto/display';
import type { Message } from '../../data/index.js';
import { streamAnswer, type Completion } from '../../inference/index.js';
import { words } from '../../words/index.js';
import type { Respondent } from './respondents.js';

/** Prints an answer on standard output while it is written, and below it, on standard error, why it is none or cut. */
export async function printStreamed(
  who: Respondent,
  messages: readonly Message[],
  signal?: AbortSignal,
): Promise<Completion> {
  const answer = streamAnswer(who.model, who.format, messages, {
    ...who.options,
    ...(signal === undefined ? {} : { signal }),
  });
  for (;;) {
    const { value, done } = await answer.next();
    if (done) {
      process.stdout.write('\n');
      remarkOn(value, who);
      return value;
    }
    process.stdout.write(process.stdout.isTTY ? withoutControls(value) : value);
  }
}

/** What a reader of the answer should know of it. */
export function remarkOn(
  { text, newTokens, finishReason }: Completion,
  { options: { maxNewTokens, maxPositions } }: Respondent,
): void {
  const said = words().asking;
  if (finishReason === 'interrupted') console.error(`(${said.interrupted})`);
  else if (finishReason === 'length')
    console.error(
      `(${newTokens >= maxNewTokens ? said.cutByLimit(String(newTokens)) : said.cutByPositions(String(maxPositions))})`,
    );
  else if (text === '') console.error(`(${said.noAnswer})`);
}
