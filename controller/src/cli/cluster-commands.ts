import { Argument, Option, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from './completion-script.js';
import type { CancelOptions, ResizeOptions, WaitOptions } from './change-job.js';
import type { CheckpointOptions } from './checkpoint-command.js';
import type { ExplainOptions } from './explain-command.js';
import type { GetOptions } from './get-command.js';
import type { LogsOptions } from './logs-command.js';
import { CHANGE_FORMATS, LIST_FORMATS, REPORT_FORMATS, WATCH_FORMATS } from './output.js';
import { positiveInteger } from './option-values.js';
import type { QueuesOptions } from './queues-command.js';
import type { SubmitOptions } from './submit-command.js';
import type { TopOptions } from './top-command.js';
import type { WatchOptions } from './watch/watch-command.js';

/** Commands whose first argument is the name of a job. */
const JOB_COMMANDS: ReadonlySet<string> = new Set([
  'get',
  'explain',
  'logs',
  'watch',
  'checkpoint',
  'suspend',
  'resume',
  'resize',
  'cancel',
]);

/** `-o`: how a command prints what it found or did; the first format is the default. */
export function outputOption(formats: readonly string[]): Option {
  return new Option('-o, --output <format>', 'format').choices(formats).default(formats[0]);
}

/** The commands that look at jobs and queues of a cluster and change them. */
export function addClusterCommands(program: Command): void {
  /** A command that finds the cluster by the same options as every other. */
  const command = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option('-n, --namespace <name>', 'namespace of jobs; default: that of the kubeconfig')
      .option('--kubeconfig <file>', 'default: $KUBECONFIG, then ~/.kube/config');

  command('submit', 'check FineTuneJob and GpuQueue files, then apply them')
    .argument('<files...>')
    .addOption(outputOption(CHANGE_FORMATS))
    .action(async (files: string[], options: SubmitOptions) => {
      const { submit } = await import('./submit-command.js');
      await submit(files, options);
    });

  command('get', 'jobs: phase, workers, step, loss, time left')
    .argument('[job]', 'name of the job; default: all')
    .option('-A, --all-namespaces', 'jobs of all namespaces', false)
    .addOption(outputOption(LIST_FORMATS))
    .action(async (job: string | undefined, options: GetOptions) => {
      const { getJobs } = await import('./get-command.js');
      await getJobs(job, options);
    });

  command('explain', 'why a job waits, what would fit now, and when it may start')
    .argument('<job>', 'name of the job')
    .addOption(outputOption(REPORT_FORMATS))
    .action(async (job: string, options: ExplainOptions) => {
      const { explain } = await import('./explain-command.js');
      await explain(job, options);
    });

  command('watch', 'live view of a job until it ends, or of all jobs; q quits')
    .argument('[job]', 'name of the job; default: a table of all')
    .option('-A, --all-namespaces', 'jobs of all namespaces', false)
    .addOption(outputOption(WATCH_FORMATS))
    .addHelpText(
      'after',
      `
Without a terminal: a line for each change; -o json: an object for each change, on a line.
Exit codes: 0 the job is complete, or q was pressed; 1 it failed or was deleted; 2 as for all commands; 130 Ctrl-C.`,
    )
    .action(async (job: string | undefined, options: WatchOptions) => {
      const { watch } = await import('./watch/watch-command.js');
      process.exitCode = await watch(job, options);
    });

  command('logs', 'logs of the workers of a job')
    .argument('<job>', 'name of the job')
    .option('-f, --follow', 'keep printing until the workers end', false)
    .option('--tail <lines>', 'last lines of each worker only', positiveInteger)
    .action(async (job: string, options: LogsOptions) => {
      const { printLogs } = await import('./logs-command.js');
      await printLogs(job, options);
    });

  command(
    'queues',
    'queues: GPUs granted, used, borrowed, waited for; of one queue, the jobs that wait, in order',
  )
    .argument('[queue]')
    .addOption(outputOption(LIST_FORMATS))
    .action(async (name: string | undefined, options: QueuesOptions) => {
      if (name === undefined) {
        const { printQueues } = await import('./queues-command.js');
        await printQueues(options);
      } else {
        const { printWaitingList } = await import('./waiting-list.js');
        await printWaitingList(name, options);
      }
    });

  command('top', 'running jobs by the GPUs that they hold')
    .option('-A, --all-namespaces', 'jobs of all namespaces', false)
    .addOption(outputOption(LIST_FORMATS))
    .action(async (options: TopOptions) => {
      const { printTop } = await import('./top-command.js');
      await printTop(options);
    });

  for (const [name, suspend, description, waitsFor] of [
    [
      'suspend',
      true,
      'write a checkpoint and give the GPUs of a job back',
      'it is suspended and its GPUs are free',
    ],
    ['resume', false, 'let a suspended job go on from its checkpoint', 'it trains'],
  ] as const) {
    command(name, description)
      .argument('<job>', 'name of the job')
      .option('--wait', `wait until ${waitsFor}`, false)
      .option('--timeout <seconds>', 'longest wait', positiveInteger, 600)
      .addOption(outputOption(CHANGE_FORMATS))
      .action(async (job: string, options: WaitOptions) => {
        const { setSuspended } = await import('./change-job.js');
        await setSuspended(job, suspend, options);
      });
  }

  command('checkpoint', 'have a running job write a checkpoint now, and wait for it')
    .argument('<job>', 'name of the job')
    .option('--timeout <seconds>', 'longest wait', positiveInteger, 600)
    .addOption(outputOption(CHANGE_FORMATS))
    .action(async (job: string, options: CheckpointOptions) => {
      const { checkpoint } = await import('./checkpoint-command.js');
      await checkpoint(job, options);
    });

  command('resize', 'change between how many workers a job may have')
    .argument('<job>', 'name of the job')
    .requiredOption('--max <n>', 'most workers', positiveInteger)
    .option('--min <n>', 'fewest workers; default: as it is', positiveInteger)
    .addOption(outputOption(CHANGE_FORMATS))
    .action(async (job: string, options: ResizeOptions) => {
      const { resize } = await import('./change-job.js');
      await resize(job, options);
    });

  command('cancel', 'delete a job and its pods; what it wrote stays')
    .argument('<job>', 'name of the job')
    .option('-y, --yes', 'do not ask on a terminal', false)
    .option('--wait', 'wait until its GPUs are free', false)
    .option('--timeout <seconds>', 'longest wait', positiveInteger, 600)
    .addOption(outputOption(CHANGE_FORMATS))
    .action(async (job: string, options: CancelOptions) => {
      const { cancel } = await import('./change-job.js');
      await cancel(job, options);
    });

  program
    .command('completion')
    .description('script that completes commands, options and names of jobs; source it in your shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => {
      const commands = program.commands.map((each) => ({
        name: each.name(),
        description: each.description(),
        options: [...each.options.flatMap(({ short, long }) => [short ?? [], long ?? []].flat()), '--help'],
        takesJob: JOB_COMMANDS.has(each.name()),
      }));
      process.stdout.write(completionScript(shell, commands));
    });
}
