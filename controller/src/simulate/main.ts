import { readFile, writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { UserError } from '../errors.js';
import { POLICIES } from './policies.js';
import type { SimulatedPolicy } from './policies.js';
import { simulate } from './simulate.js';
import { formatTable } from './table.js';
import { parseTrace, PHILLY_COLUMNS } from './trace.js';
import type { TraceJob } from './trace.js';

interface Options {
  readonly trace: string;
  readonly nodes?: number;
  readonly gpusPerNode: number;
  readonly load: number;
  readonly elasticity: number;
  readonly cycleSeconds: number;
  readonly limit?: number;
  readonly policy: readonly string[];
  readonly json?: string;
  readonly columnSubmitted: string;
  readonly columnSeconds: string;
  readonly columnGpus: string;
  readonly columnTenant: string;
}

const positive = (text: string) => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number above 0');
  return value;
};
const collect = (text: string, before: readonly string[]) => [...before, text];

const program = new Command('simulate')
  .description('Run the scheduler over a trace of jobs with a simulated clock and compare policies.')
  .requiredOption('--trace <file>', 'CSV of jobs, in any order')
  .option(
    '--nodes <count>',
    'nodes of the pool; default: so many that the work of the trace is --load of it',
    positive,
  )
  .option('--gpus-per-node <count>', 'GPUs of a node', positive, 8)
  .option('--load <part>', 'part of the pool that the trace asks for on average', positive, 0.6)
  .option('--elasticity <part>', 'smallest part of its GPUs that an elastic job may run with', positive, 0.5)
  .option('--cycle-seconds <seconds>', 'shortest simulated time between two cycles', positive, 60)
  .option('--limit <count>', 'only the first jobs of the trace', positive)
  .option(
    '--policy <name>',
    `one of: ${POLICIES.map(({ name }) => name).join(', ')}; default: all`,
    collect,
    [],
  )
  .option('--json <file>', 'write the outcomes as JSON too')
  .option('--column-submitted <name>', 'column of the submission', PHILLY_COLUMNS.submitted)
  .option('--column-seconds <name>', 'column of the duration in seconds', PHILLY_COLUMNS.seconds)
  .option('--column-gpus <name>', 'column of the number of GPUs', PHILLY_COLUMNS.gpus)
  .option('--column-tenant <name>', 'column of the tenant', PHILLY_COLUMNS.tenant);

try {
  await run(program.parse().opts<Options>());
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}

async function run(options: Options): Promise<void> {
  const policies = choosePolicies(options.policy);
  const columns = {
    submitted: options.columnSubmitted,
    seconds: options.columnSeconds,
    gpus: options.columnGpus,
    tenant: options.columnTenant,
  };
  const all = parseTrace(await readTrace(options.trace), columns, options.trace);
  const trace = all.slice(0, options.limit ?? all.length);
  const nodes = options.nodes ?? nodesFor(trace, options.load, options.gpusPerNode);
  const { gpusPerNode, elasticity, cycleSeconds } = options;
  process.stdout.write(`${trace.length} jobs on ${nodes} nodes of ${gpusPerNode} GPUs\n`);
  const outcomes = policies.map((policy) => {
    const started = performance.now();
    const outcome = simulate(trace, policy, { nodes, gpusPerNode, elasticity, cycleSeconds });
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(`${policy.name}: ${outcome.cycles} cycles in ${seconds.toFixed(1)} s\n`);
    return { ...outcome, simulationSeconds: seconds };
  });
  process.stdout.write(`\n${formatTable(outcomes)}\n`);
  if (options.json !== undefined) {
    const result = {
      trace: options.trace,
      jobs: trace.length,
      nodes,
      gpusPerNode,
      elasticity,
      cycleSeconds,
      outcomes,
    };
    await writeFile(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  }
}

function choosePolicies(names: readonly string[]): readonly SimulatedPolicy[] {
  if (names.length === 0) return POLICIES;
  return names.map((name) => {
    const policy = POLICIES.find((known) => known.name === name);
    if (policy === undefined)
      throw new UserError(
        `there is no policy ${name}: choose from ${POLICIES.map((known) => known.name).join(', ')}`,
      );
    return policy;
  });
}

async function readTrace(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read the trace ${file}: ${(error as Error).message}`);
  }
}

/** So many nodes that the trace, spread over the time in which it was submitted, uses this part of them. */
function nodesFor(trace: readonly TraceJob[], load: number, gpusPerNode: number): number {
  const work = trace.reduce((sum, { seconds, gpus }) => sum + seconds * gpus, 0);
  const first = trace[0]?.submittedAt ?? 0;
  const span = Math.max(1, ((trace.at(-1)?.submittedAt ?? 0) - first) / 1000);
  const largest = trace.reduce((most, { gpus }) => Math.max(most, gpus), 1);
  return Math.max(Math.ceil(work / span / load / gpusPerNode), Math.ceil(largest / gpusPerNode));
}
