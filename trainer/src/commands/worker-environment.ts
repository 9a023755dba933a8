import { z } from 'zod';
import { UserError } from '../errors.js';

/** What the controller puts into the environment of a trainer pod. */
const environment = z.object({
  TUNEYARD_COORDINATOR: z.string().regex(/^.+:\d+$/, 'must be host:port'),
  TUNEYARD_JOB_NAMESPACE: z.string().min(1),
  TUNEYARD_JOB_NAME: z.string().min(1),
  TUNEYARD_JOB_UID: z.string().min(1),
  TUNEYARD_TOKEN: z.string().min(1),
  TUNEYARD_MEMBER_ID: z.string().min(1),
  /** Folder of the worker's certificates; unset = plaintext, which is refused on anything but loopback. */
  TUNEYARD_IDENTITY: z.string().min(1).optional(),
  /** The address that peers dial. */
  TUNEYARD_POD_IP: z.string().default('127.0.0.1'),
  /** The machine's name: workers of one machine sum among themselves first. */
  TUNEYARD_NODE: z.string().default(''),
  /** 0 = any free port. */
  TUNEYARD_METRICS_PORT: z.coerce.number().int().min(0).max(65535).default(0),
  /** File for a report on memory, as JSON; unset = memory is not measured. */
  TUNEYARD_MEMORY_REPORT: z.string().min(1).optional(),
  TUNEYARD_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

export interface WorkerEnvironment {
  readonly coordinator: string;
  readonly job: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly token: string;
  readonly memberId: string;
  readonly identity: string | undefined;
  readonly podIp: string;
  /** '' = not known. */
  readonly node: string;
  readonly metricsPort: number;
  readonly memoryReport: string | undefined;
  readonly logLevel: string;
}

/** @throws UserError naming every variable that is missing or wrong. */
export function readWorkerEnvironment(env: NodeJS.ProcessEnv): WorkerEnvironment {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new UserError(
      `the environment of a worker is incomplete (${problems.join('; ')}); workers are started by the controller or by "tuneyard train"`,
    );
  }
  const { data } = parsed;
  return {
    coordinator: data.TUNEYARD_COORDINATOR,
    job: {
      namespace: data.TUNEYARD_JOB_NAMESPACE,
      name: data.TUNEYARD_JOB_NAME,
      uid: data.TUNEYARD_JOB_UID,
    },
    token: data.TUNEYARD_TOKEN,
    memberId: data.TUNEYARD_MEMBER_ID,
    identity: data.TUNEYARD_IDENTITY,
    podIp: data.TUNEYARD_POD_IP,
    node: data.TUNEYARD_NODE,
    metricsPort: data.TUNEYARD_METRICS_PORT,
    memoryReport: data.TUNEYARD_MEMORY_REPORT,
    logLevel: data.TUNEYARD_LOG_LEVEL,
  };
}
