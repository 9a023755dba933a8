import { LANGUAGES, LANGUAGE_VARIABLE } from '@tuneyard/proto/language';
import { Command, Help, Option } from 'commander';
import { addAskCommands } from './ask-commands.js';
import { VERSION } from '../version.js';
import { addClusterCommands, outputOption } from './cluster-commands.js';
import { REPORT_FORMATS } from './output.js';
import { nonNegativeInteger, positiveInteger } from './option-values.js';
import { runTrainer } from './trainer-program.js';
import type { DataReportOptions } from './data-report-command.js';
import type { TrainOptions } from './train/train-command.js';
import type { ValidateOptions } from './validate/validate-command.js';

const COLUMNS =
  'columns of the data files that hold the fields, e.g. instruction=question,output=answer; repeatable';

const SHEET = 'sheet of the .xlsx files, by name or number; default: the first that is not hidden';

/** The `tuneyard` command with all that it can do. */
export function createProgram(name = 'tuneyard'): Command {
  const program = new Command(name)
    .description('Fine-tunes language models on a shared GPU pool, or on this machine.')
    .showHelpAfterError('(--help shows the options)')
    // Bad input ends with 2 everywhere; commander would say 1.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .showSuggestionAfterError()
    .configureHelp({ optionDescription: describeOption })
    .addOption(
      new Option(
        '--lang <language>',
        'language of what is said of data, training and answers; default: by LC_ALL, LC_MESSAGES or LANG',
      ).choices(LANGUAGES),
    )
    // Set while the line is read, so that every later message and every process that is started knows it.
    .on('option:lang', (language: string) => {
      process.env[LANGUAGE_VARIABLE] = language;
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong input or the cluster refuses or cannot be reached.',
    );

  program
    .command('train')
    .description('train on this machine, without Kubernetes')
    .requiredOption(
      '--model <dir>',
      'Hugging Face folder of the base model, or hf://, s3://, https:// address',
    )
    .requiredOption('--data <file>', 'data file; repeat to mix several', collect, [])
    .option('--columns <field=column,…>', COLUMNS, collect, [])
    .option('--sheet <name|n>', SHEET)
    .option('--from-scratch', 'start from random weights by config.json instead of those in the folder')
    .option('--method <name>', 'lora | qlora | ptuning | ptuning-v2 | prompt | full', 'lora')
    .option('--workers <n>', 'trainer processes', positiveInteger, 1)
    .requiredOption('--out <dir>', 'folder for the tuned adapter')
    .option('--set <path=value>', 'any field of the spec, e.g. training.epochs=3; repeatable', collect, [])
    .option('--json <file>', 'write the figures as JSON; - for standard output')
    .option(
      '--memory-report',
      'measure memory while training and print it beside the estimate, by part',
      false,
    )
    .option('--resume', 'go on from the checkpoint of an earlier run with the same settings and data', false)
    .option('--force', 'start anew and replace all that --out holds when training is done', false)
    .action(async (options: TrainOptions) => {
      const { trainLocally } = await import('./train/train-command.js');
      process.exitCode = await trainLocally(options);
    });

  program
    .command('data')
    .description('data sets')
    .command('report')
    .description('what training would make of data files: lengths, splits, steps, and the rows to look at')
    .argument('<files...>', 'JSONL, JSON, CSV, Excel, Parquet or text')
    .requiredOption('--model <dir>', 'Hugging Face folder whose tokenizer and chat template count')
    .option('--columns <field=column,…>', COLUMNS, collect, [])
    .option('--sheet <name|n>', SHEET)
    .option(
      '--set <path=value>',
      'any field of the spec, e.g. dataset.maxLength=512; repeatable',
      collect,
      [],
    )
    .option('--show <n>', 'rows shown of each finding; 0 = none', nonNegativeInteger, 3)
    .option('--json <file>', 'write the report as JSON; - for standard output')
    .action(async (files: string[], options: DataReportOptions) => {
      const { reportData } = await import('./data-report-command.js');
      process.exitCode = await reportData(files, options);
    });

  program
    .command('validate')
    .description(
      'check FineTuneJob and GpuQueue files without a cluster: fields, pods, memory, and data that are on this machine',
    )
    .argument('<files...>', 'YAML, with any number of objects; - for standard input')
    .option('--model <dir>', 'copy of the base model here; config.json and tokenizer.json are enough')
    .option('--data <file>', 'copy of a data source here; repeat it in the order of the sources', collect, [])
    .option('--columns <field=column,…>', COLUMNS, collect, [])
    .option('--sheet <name|n>', SHEET)
    .option('--from-scratch', 'the job may start from random weights: none are missed in the model folder')
    .option('--flavor <name>', 'kind of GPU to fit, for jobs that name none; repeatable', collect, [])
    .option('--gpu-memory <size>', 'memory of one GPU to fit, such as 80Gi')
    .addOption(outputOption(REPORT_FORMATS))
    .action(async (files: string[], options: ValidateOptions) => {
      const { validate } = await import('./validate/validate-command.js');
      process.exitCode = await validate(files, options);
    });

  addAskCommands(program);
  addClusterCommands(program);

  program.version(VERSION);
  program
    .command('version')
    .description('print the version')
    .action(() => console.log(VERSION));

  addTrainerCommand(program, 'loss', 'mean loss of a model on a text file; see "tuneyard loss --help"');
  addTrainerCommand(program, 'generate', 'continue plain text; see "tuneyard generate --help"');
  return program;
}

/** A command of the trainer, passed on with all its options. */
function addTrainerCommand(program: Command, name: string, description: string): void {
  program
    .command(name)
    .description(description)
    .helpOption(false)
    .allowUnknownOption()
    .argument('[options...]')
    .action(async (options: string[]) => {
      process.exitCode = await runTrainer([name, ...options]);
    });
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

/** Defaults that go without saying are not said. */
function describeOption(option: Option): string {
  return new Help().optionDescription(option).replace(/ \(default: (\[\]|false)\)/, '');
}
