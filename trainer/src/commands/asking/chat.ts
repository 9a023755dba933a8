import { UserError } from '../../errors.js';
import { words } from '../../words/index.js';
import type { AskRequest } from './ask-request.js';
import { ChatSession } from './chat-session.js';
import { printStreamed } from './print-streamed.js';
import { readTurns } from './read-turns.js';
import { openRespondents, type Respondent } from './respondents.js';

/** A conversation of several turns, until the end of the input or /exit. */
export async function run(request: AskRequest): Promise<void> {
  const respondents = await openRespondents(request);
  const session = new ChatSession(request.system);
  if (process.stdin.isTTY) console.error(words().asking.chatBegins);
  for await (const line of readTurns()) {
    const input = session.take(line);
    if (input.kind === 'exit') break;
    if (input.kind === 'remark') console.error(`(${input.text})`);
    if (input.kind === 'question') await answerTurn(session, respondents, input.text);
  }
  for (const { model } of respondents.toReversed()) model.dispose();
}

/** A question that cannot be put leaves the conversation as it was. */
async function answerTurn(
  session: ChatSession,
  respondents: readonly Respondent[],
  question: string,
): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal);
  try {
    const answers: string[] = [];
    for (const [index, who] of respondents.entries()) {
      if (stop.signal.aborted) return;
      if (respondents.length > 1) process.stdout.write(`${who.name}: `);
      const { text } = await printStreamed(who, session.messagesFor(index, question), stop.signal);
      answers.push(text);
    }
    session.keep(question, answers);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(`(${error.message})`);
  } finally {
    process.off('SIGINT', onSignal);
  }
}
