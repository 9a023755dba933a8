import { endWithParent } from '@tuneyard/proto/processes';
import { Command, InvalidArgumentError } from 'commander';
import type { DataReportOptions } from './commands/data-report.js';
import type { GenerateCommandOptions } from './commands/generate.js';
import type { LossCommandOptions } from './commands/loss.js';
import type { RunDateOptions } from './commands/run-date.js';
import { watchSignals } from './commands/watch-signals.js';
import { UserError } from './errors.js';

endWithParent();
// `tuneyard generate … | head` ends when head does, without a stack trace.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(stream === process.stdout ? 0 : 1);
    if (error.code !== 'EIO') throw error;
  });
}

/** What was typed: "tuneyard" passes some of its commands on. */
const name = process.env['TUNEYARD_PROGRAM'] || 'tuneyard-trainer';

const program = new Command(name)
  .description(
    'Trains, measures and samples language models. "tuneyard" starts it; it is rarely called by hand.',
  )
  .showHelpAfterError('(--help shows the options)')
  // Bad input ends with 2 everywhere; commander would say 1.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

program
  .command('worker')
  .description('one worker of a job; configured by TUNEYARD_* environment variables')
  .action(async () => {
    const signals = watchSignals();
    const { runWorker } = await import('./commands/worker.js');
    process.exitCode = await runWorker(process.env, signals);
  });

program
  .command('loss')
  .description('mean loss of a model on a text file, in nats per token')
  .requiredOption('--model <dir>', 'Hugging Face model folder, or hf://, s3://, https:// address')
  .requiredOption('--file <file>', 'UTF-8 text')
  .option('--separator <text>', 'splits the file into documents; each starts with the BOS token')
  .option('--adapter <dir>', 'PEFT adapter folder, or address of one')
  .option('--from-scratch', 'random weights by config.json instead of those in the folder')
  .option('--json <file>', 'write the figures as JSON; - for standard output')
  .action(async (options: LossCommandOptions) => {
    const { runLoss } = await import('./commands/loss.js');
    await runLoss(options);
  });

program
  .command('generate')
  .description(
    'continues plain text, greedily or by sampling; to ask a question with the chat template, use "tuneyard ask"',
  )
  .requiredOption('--model <dir>', 'Hugging Face model folder, or hf://, s3://, https:// address')
  .requiredOption(
    '--prompt <text>',
    'text to continue; "" starts from the BOS token; may be given again, all are continued together',
    (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
  )
  .option('--adapter <dir>', 'PEFT adapter folder, or address of one')
  .option('--from-scratch', 'random weights by config.json instead of those in the folder')
  .option('--max-tokens <n>', 'new tokens at most', positiveInteger, 128)
  .option(
    '--temperature <x>',
    "0 = always the likeliest token; 1 = drawn from the model's distribution",
    nonNegative,
    0,
  )
  .option('--top-k <n>', 'draw from the n likeliest tokens only; 0 = from all', nonNegativeInteger, 0)
  .option('--top-p <x>', 'draw from the likeliest tokens that together have this probability', share, 1)
  .option('--seed <n>', 'the same seed draws the same text', nonNegativeInteger, 0)
  .option('--raw', 'plain text is meant: no warning where the tokenizer has a chat template')
  .option('--json <file>', 'write prompts and texts as JSON; - for standard output')
  .action(async (options: GenerateCommandOptions) => {
    const { runGenerate } = await import('./commands/generate.js');
    await runGenerate(options);
  });

for (const [command, description] of [
  ['ask', 'answers questions; "tuneyard ask" calls it'],
  ['chat', 'answers in a conversation; "tuneyard chat" calls it'],
] as const) {
  program
    .command(command)
    .description(description)
    .requiredOption('--request <json>', 'AskRequest as JSON')
    .action(async ({ request }: { request: string }) => {
      const { parseAskRequest } = await import('./commands/asking/ask-request.js');
      const { run } = await (command === 'ask'
        ? import('./commands/asking/ask.js')
        : import('./commands/asking/chat.js'));
      await run(parseAskRequest(request));
    });
}

program
  .command('data-report')
  .description('what training would make of its data; "tuneyard data report" calls it')
  .requiredOption('--config <file>', 'TrainerConfig as JSON; - for standard input')
  .option('--json <file>', 'write the report as JSON; - for standard output')
  .option('--show <n>', 'examples of each finding that are printed', nonNegative, 3)
  .action(async (options: DataReportOptions) => {
    const { runDataReport } = await import('./commands/data-report.js');
    await runDataReport(options);
  });

program
  .command('run-date')
  .description(
    'the date that templates of a run write, kept beside its checkpoints; "tuneyard train" calls it',
  )
  .requiredOption('--checkpoints <uri>', 'folder of the checkpoints of all runs')
  .option('--secret <name>', 'Secret with credentials for it', '')
  .option('--anew', 'keep the present date instead of an earlier one', false)
  .action(async (options: RunDateOptions) => {
    const { runRunDate } = await import('./commands/run-date.js');
    await runRunDate(options);
  });

function nonNegative(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('must be a number of at least 0');
  return value;
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('must be above 0 and at most 1');
  return value;
}

function nonNegativeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('must be an integer of at least 0');
  return value;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('must be a positive integer');
  return value;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`${name}: ${error.message}`);
  process.exitCode = 2;
}
