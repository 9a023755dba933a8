import { Command } from 'commander';
import { runCommand, wholeNumber } from '../run-command.js';
import { readTokenFile } from './auth/token-file.js';
import { startControlPlane } from './start-control-plane.js';

interface Flags {
  port: string;
  host: string;
  tls: boolean;
  kubeconfig?: string;
  data?: string;
  rbac?: boolean;
  tokenFile?: string;
  bookmarkSeconds: string;
  binder: boolean;
}

const program = new Command('tuneyard-apiserver')
  .description('A small Kubernetes-compatible API server for development and tests. Not for production.')
  .option('--port <number>', 'TCP port; 0 takes any free one', '0')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--no-tls', 'plain HTTP, every request is the administrator (any local user can then use it)')
  .option('--kubeconfig <file>', 'where to write the kubeconfig (mode 0600); default: a new temporary folder')
  .option('--data <folder>', 'keep objects, certificates and tokens in this folder; default: memory only')
  .option('--rbac', 'enforce Roles and bindings')
  .option('--token-file <file>', 'more users: token,user,uid,"group1,group2" per line')
  .option('--bookmark-seconds <number>', 'seconds between watch bookmarks', '30')
  .option('--no-binder', 'do not bind pending pods to nodes');

await runCommand(program, async (stopped) => {
  const flags = program.opts<Flags>();
  const plane = await startControlPlane({
    port: wholeNumber('--port', flags.port, 65_535),
    host: flags.host,
    tls: flags.tls,
    bookmarkSeconds: wholeNumber('--bookmark-seconds', flags.bookmarkSeconds, 3600),
    ...(flags.data ? { dataDir: flags.data } : {}),
    ...(flags.rbac ? { rbac: true } : {}),
    ...(flags.tokenFile ? { tokens: readTokenFile(flags.tokenFile) } : {}),
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
