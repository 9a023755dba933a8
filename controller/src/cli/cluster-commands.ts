import { Argument, Option, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from './completion-script.js';
import type { CancelOptions, ResizeOptions } from './change-job.js';
import type { CheckpointOptions } from './checkpoint-command.js';
import type { ClusterOptions } from './cluster.js';
import type { ExplainOptions } from './explain-command.js';
import type { GetOptions } from './get-command.js';
import { OUTPUT_FORMATS } from './output.js';
import { positiveInteger } from './positive-integer.js';
import type { QueuesOptions } from './queues-command.js';
import type { TopOptions } from './top-command.js';

/** Commands whose first argument is the name of a job. */
const JOB_COMMANDS = ['get', 'explain', 'logs', 'checkpoint', 'suspend', 'resume', 'resize', 'cancel'];

/** Adds the options by which every such command finds the cluster. */
export function withClusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'namespace of the job; default: that of the kubeconfig')
    .option('--kubeconfig <file>', 'default: $KUBECONFIG, then ~/.kube/config');
}

/** The commands that look at jobs and queues of a cluster and change them. */
export function addClusterCommands(program: Command): void {
  const output = () => new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table');

  withClusterOptions(program.command('get').description('jobs: phase, workers, step, loss, time left'))
    .argument('[job]', 'name of the job; default: all')
    .option('-A, --all-namespaces', 'jobs of all namespaces', false)
    .addOption(output())
    .action(async (job: string | undefined, options: GetOptions) => {
      const { getJobs } = await import('./get-command.js');
      await getJobs(job, options);
    });

  withClusterOptions(
    program.command('explain').description('why a job waits, what would fit now, and when it may start'),
  )
    .argument('<job>', 'name of the job')
    .addOption(new Option('-o, --output <format>', 'format').choices(['text', 'json']).default('text'))
    .action(async (job: string, options: ExplainOptions) => {
      const { explain } = await import('./explain-command.js');
      await explain(job, options);
    });

  withClusterOptions(
    program.command('queues').description('queues: GPUs granted, used, borrowed, waited for'),
  )
    .addOption(output())
    .action(async (options: QueuesOptions) => {
      const { printQueues } = await import('./queues-command.js');
      await printQueues(options);
    });

  withClusterOptions(program.command('top').description('running jobs by the GPUs that they hold'))
    .option('-A, --all-namespaces', 'jobs of all namespaces', false)
    .action(async (options: TopOptions) => {
      const { printTop } = await import('./top-command.js');
      await printTop(options);
    });

  for (const [name, suspend, description] of [
    ['suspend', true, 'write a checkpoint and give the GPUs of a job back'],
    ['resume', false, 'let a suspended job go on from its checkpoint'],
  ] as const) {
    withClusterOptions(program.command(name).description(description))
      .argument('<job>', 'name of the job')
      .action(async (job: string, options: ClusterOptions) => {
        const { setSuspended } = await import('./change-job.js');
        await setSuspended(job, suspend, options);
      });
  }

  withClusterOptions(
    program.command('checkpoint').description('have a running job write a checkpoint now, and wait for it'),
  )
    .argument('<job>', 'name of the job')
    .option('--timeout <seconds>', 'longest wait', positiveInteger, 600)
    .action(async (job: string, options: CheckpointOptions) => {
      const { checkpoint } = await import('./checkpoint-command.js');
      await checkpoint(job, options);
    });

  withClusterOptions(program.command('resize').description('change between how many workers a job may have'))
    .argument('<job>', 'name of the job')
    .requiredOption('--max <n>', 'most workers', positiveInteger)
    .option('--min <n>', 'fewest workers; default: as it is', positiveInteger)
    .action(async (job: string, options: ResizeOptions) => {
      const { resize } = await import('./change-job.js');
      await resize(job, options);
    });

  withClusterOptions(program.command('cancel').description('delete a job and its pods; what it wrote stays'))
    .argument('<job>', 'name of the job')
    .option('-y, --yes', 'do not ask on a terminal', false)
    .action(async (job: string, options: CancelOptions) => {
      const { cancel } = await import('./change-job.js');
      await cancel(job, options);
    });

  program
    .command('completion')
    .description('script that completes commands and names of jobs; source it in your shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => {
      const commands = program.commands.map((command) => ({
        name: command.name(),
        description: command.description(),
      }));
      process.stdout.write(completionScript(shell, { commands, jobCommands: JOB_COMMANDS }));
    });
}
