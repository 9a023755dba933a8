import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { UserError } from '../errors.js';
import { runCommand, wholeNumber } from '../run-command.js';
import { startNodeAgent } from './start-node-agent.js';

interface Flags {
  kubeconfig?: string;
  nodes: string;
  namespace?: string;
  workDir: string;
  pathPrepend?: string[];
  address: string;
  port: string;
  restartBackoff: string;
  keepProcesses?: boolean;
}

const program = new Command('tuneyard-node-agent')
  .description('Registers simulated GPU nodes with an API server and runs their pods as local processes.')
  .requiredOption(
    '--nodes <file>',
    'YAML file with the nodes: Node objects, or `nodes: [{name, labels, taints, capacity}]`',
  )
  .option('--kubeconfig <file>', 'how to reach the API server; default: $KUBECONFIG')
  .option('--namespace <name>', 'run pods of this namespace only')
  .option('--work-dir <folder>', 'where volumes and logs go', path.join(tmpdir(), 'tuneyard-node-agent'))
  .option('--path-prepend <folder...>', 'folders put before PATH of every process, e.g. node_modules/.bin')
  .option('--address <address>', 'address that the API server finds this agent at (for logs)', '127.0.0.1')
  .option('--port <number>', 'port for logs; 0 takes any free one', '0')
  .option('--restart-backoff <seconds>', "seconds before a container's first restart", '10')
  .option(
    '--keep-processes',
    'leave processes running on exit; the next agent with this work folder takes them over',
  );

await runCommand(program, async (stopped) => {
  const flags = program.opts<Flags>();
  const kubeconfig = flags.kubeconfig ?? process.env['KUBECONFIG'];
  if (!kubeconfig) throw new UserError('No API server is named; give --kubeconfig FILE or set KUBECONFIG.');
  const agent = await startNodeAgent({
    kubeconfig,
    nodes: flags.nodes,
    workDir: flags.workDir,
    address: flags.address,
    port: wholeNumber('--port', flags.port, 65_535),
    restartBackoffSeconds: wholeNumber('--restart-backoff', flags.restartBackoff, 3600),
    ...(flags.namespace ? { namespace: flags.namespace } : {}),
    ...(flags.pathPrepend ? { pathPrepend: flags.pathPrepend } : {}),
    ...(flags.keepProcesses ? { keepProcesses: true } : {}),
  });
  console.log(`tuneyard-node-agent has registered ${agent.nodes.join(', ')}`);
  await stopped;
  await agent.close();
});
