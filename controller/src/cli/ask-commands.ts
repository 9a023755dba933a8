import type { Command } from 'commander';
import { UserError } from '../errors.js';
import { nonNegative, nonNegativeInteger, positiveInteger, share } from './option-values.js';
import { runTrainer } from './trainer-program.js';

/** Values of the options of `ask` and `chat`. */
interface AskOptions {
  readonly model: string;
  readonly adapter: readonly string[];
  readonly compare: boolean;
  readonly file?: string;
  readonly system?: string;
  readonly template?: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  readonly json?: string;
}

/** Options that do something only when tokens are drawn. */
const DRAWING = ['topK', 'topP', 'seed'] as const;

/** `ask` and `chat`: the trainer answers, as it was trained. */
export function addAskCommands(program: Command): void {
  withAnswerOptions(
    program
      .command('ask')
      .description(
        'ask a model, with or without an adapter, by its chat template; the answer goes to standard output',
      )
      .argument('[question]', 'the question; without it and without --file it is read from standard input'),
  )
    .option('--file <file>', 'questions: a text file with one a line, or a data file as training reads it')
    .option('--json <file>', 'write questions and answers as JSON; - for standard output')
    .action((question: string | undefined, options: AskOptions, command: Command) =>
      askTrainer('ask', question, options, command),
    );
  withAnswerOptions(
    program
      .command('chat')
      .description(
        'talk with a model, with or without an adapter, in several turns; /help lists its commands',
      ),
  ).action((options: AskOptions, command: Command) => askTrainer('chat', undefined, options, command));
}

function withAnswerOptions(command: Command): Command {
  return command
    .requiredOption(
      '--model <dir>',
      'Hugging Face folder of the base model, or hf://, s3://, https:// address',
    )
    .option(
      '--adapter <dir>',
      'adapter of the base model, or a model that was tuned whole; repeat to set several side by side',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--compare', 'the base model answers, too', false)
    .option('--system <text>', 'system message; it replaces those of a file')
    .option(
      '--template <name>',
      "alpaca, chatml, plain or a jinja text; default: the adapter's chat template, or the model's",
    )
    .option('--max-tokens <n>', 'longest answer', positiveInteger, 512)
    .option(
      '--temperature <x>',
      "0 = always the likeliest token; 1 = drawn from the model's distribution",
      nonNegative,
      0,
    )
    .option('--top-k <n>', 'draw from the n likeliest tokens only; 0 = from all', nonNegativeInteger, 0)
    .option('--top-p <x>', 'draw from the likeliest tokens that together have this probability', share, 1)
    .option('--seed <n>', 'the same seed draws the same answer', nonNegativeInteger, 0);
}

async function askTrainer(
  name: 'ask' | 'chat',
  question: string | undefined,
  { adapter: adapters, ...options }: AskOptions,
  command: Command,
): Promise<void> {
  const idle = DRAWING.find((option) => command.getOptionValueSource(option) === 'cli');
  if (options.temperature === 0 && idle !== undefined) {
    const flag = command.options.find((option) => option.attributeName() === idle)?.long;
    throw new UserError(
      `${flag}: the likeliest token is taken, so nothing is drawn; add --temperature, for example 0.7, or leave ${flag} out`,
    );
  }
  process.exitCode = await runTrainer([
    name,
    '--request',
    JSON.stringify({ ...options, adapters, ...(question === undefined ? {} : { question }) }),
  ]);
}
