import { Command } from 'commander';
import { runCommand, wholeNumber } from '../run-command.js';
import { startControlPlane } from './start-control-plane.js';

interface Flags {
  port: string;
  host: string;
  tls: boolean;
  kubeconfig?: string;
  binder: boolean;
}

const program = new Command('tuneyard-apiserver')
  .description('A small Kubernetes-compatible API server for development and tests. Not for production.')
  .option('--port <number>', 'TCP port; 0 takes any free one', '0')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--no-tls', 'plain HTTP, every request is the administrator (any local user can then use it)')
  .option('--kubeconfig <file>', 'where to write the kubeconfig (mode 0600); default: a new temporary folder')
  .option('--no-binder', 'do not bind pending pods to nodes');

await runCommand(program, async (stopped) => {
  const flags = program.opts<Flags>();
  const plane = await startControlPlane({
    port: wholeNumber('--port', flags.port, 65_535),
    host: flags.host,
    tls: flags.tls,
    ...(flags.kubeconfig ? { kubeconfigPath: flags.kubeconfig } : {}),
  });
  console.log(`tuneyard-apiserver is ready at ${plane.url}`);
  console.log(`export KUBECONFIG=${plane.kubeconfigPath}`);
  const binder = flags.binder
    ? await (
        await import('../pod-binder/start-pod-binder.js')
      ).startPodBinder({ kubeconfig: plane.kubeconfigPath })
    : undefined;
  await stopped;
  await binder?.close();
  await plane.close();
});
