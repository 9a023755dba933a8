import type { FineTuneJobSpec } from './fine-tune-job.js';
import { ADDS_DEVICES, choosesGpus, prefixMayChooseGpus } from './pod-form/gpu-variables.js';
import { coversReservedFolder } from './pod-form/mount-paths.js';
import { podFormProblems } from './pod-form/pod-form-problems.js';
import { podTemplateSchema } from './pod-template.js';

/**
 * Who may set a field of a pod: anybody (`free`), only jobs of a controller that allows privileged templates
 * (`privileged`), or nobody but the controller (`owned`). What no rule names is not free.
 */
type Access = 'free' | 'privileged' | 'owned';
/**
 * Not what Kubernetes defines, and of a kind that the controller itself reads; or variables that may choose GPUs, where
 * only privileged jobs may.
 */
type Refusal = Access | 'malformed' | 'unprefixed';
type Rule =
  | Access
  | { readonly fields: Readonly<Record<string, Rule>>; readonly others: Access }
  | { readonly each: Rule | ((item: unknown) => Rule) }
  /** A value that keeps the pod as confined as it is, if it also keeps to `within`; any other is `otherwise`. */
  | {
      readonly only: (value: unknown) => boolean;
      readonly otherwise: Refusal;
      readonly within?: Rule;
    }
  /** By the key of a map. */
  | { readonly keys: (key: string) => Access };

/** How names of the controller's own volumes begin; a template may not redefine them. */
const OWNED_VOLUME_PREFIX = 'tuneyard-';

/** Name of the container that trains; it alone has GPUs. */
export const TRAINER_CONTAINER = 'trainer';

/** Variables that the controller sets on every trainer. */
export const CONTRACT_VARIABLES = [
  'TUNEYARD_COORDINATOR',
  'TUNEYARD_JOB_NAMESPACE',
  'TUNEYARD_JOB_NAME',
  'TUNEYARD_JOB_UID',
  'TUNEYARD_MEMBER_ID',
  'TUNEYARD_TOKEN',
  'TUNEYARD_IDENTITY',
  'TUNEYARD_POD_IP',
  'TUNEYARD_NODE',
  'TUNEYARD_METRICS_PORT',
] as const;
const CONTRACT: ReadonlySet<unknown> = new Set(CONTRACT_VARIABLES);

const free = (...names: string[]): Record<string, Rule> =>
  Object.fromEntries(names.map((name) => [name, 'free' as const]));
const exactly = (allowed: unknown): Rule => ({
  only: (value) => value === allowed,
  otherwise: 'privileged',
});
const isPositive = (value: unknown) => Number.isInteger(value) && Number(value) > 0;
const notRoot: Rule = { only: isPositive, otherwise: 'privileged' };

const { nodeSelector, tolerations } = podTemplateSchema.shape;
const isText = (value: unknown) => typeof value === 'string';
const name: Rule = { only: isText, otherwise: 'malformed' };

const labels: Rule = {
  keys: (key) =>
    key.startsWith('tuneyard.dev/') ||
    key === 'app.kubernetes.io/name' ||
    key === 'app.kubernetes.io/managed-by'
      ? 'owned'
      : 'free',
};
const annotations: Rule = {
  keys: (key) =>
    ADDS_DEVICES.test(key) || /(apparmor|seccomp)\.security\.(alpha|beta)\.kubernetes\.io/.test(key)
      ? 'privileged'
      : 'free',
};
const seccompProfile: Rule = { fields: { type: exactly('RuntimeDefault') }, others: 'privileged' };

const podSecurity: Rule = {
  fields: {
    runAsNonRoot: exactly(true),
    runAsUser: notRoot,
    runAsGroup: notRoot,
    fsGroup: notRoot,
    supplementalGroups: { each: notRoot },
    seccompProfile,
    ...free('fsGroupChangePolicy', 'supplementalGroupsPolicy'),
  },
  others: 'privileged',
};
const containerSecurity: Rule = {
  fields: {
    allowPrivilegeEscalation: exactly(false),
    privileged: exactly(false),
    readOnlyRootFilesystem: exactly(true),
    runAsNonRoot: exactly(true),
    runAsUser: notRoot,
    runAsGroup: notRoot,
    seccompProfile,
    capabilities: {
      fields: {
        // The list replaces that of the controller.
        drop: { only: (value) => Array.isArray(value) && value.includes('ALL'), otherwise: 'privileged' },
      },
      others: 'privileged',
    },
  },
  others: 'privileged',
};

const env: Rule = {
  each: {
    fields: {
      name: {
        only: (name) => typeof name === 'string' && !CONTRACT.has(name) && !choosesGpus(name),
        otherwise: 'owned',
      },
      ...free('value', 'valueFrom'),
    },
    others: 'privileged',
  },
};
/**
 * Variables of a whole Secret or ConfigMap. Those of the trainer would win over what the device plugin of the GPUs sets,
 * so their prefix must rule that out; in containers without GPUs a variable of the controller wins over them.
 */
const source: Rule = { fields: free('prefix', 'configMapRef', 'secretRef'), others: 'privileged' };
const envFrom: Rule = { each: source };
const isPrefixed = (value: unknown) => {
  const { prefix } = (value ?? {}) as { readonly prefix?: unknown };
  return typeof prefix === 'string' && !prefixMayChooseGpus(prefix);
};
const envFromOfTrainer: Rule = {
  each: { only: isPrefixed, otherwise: 'unprefixed', within: source },
};
/** The kubelet dials a host that is named here from the network of the node; without one it dials the pod. */
const host: Rule = { only: (name) => name === '', otherwise: 'privileged' };
const handlers: Record<string, Rule> = {
  ...free('exec', 'sleep'),
  grpc: { fields: free('port', 'service'), others: 'privileged' },
  httpGet: { fields: { host, ...free('port', 'path', 'scheme', 'httpHeaders') }, others: 'privileged' },
  tcpSocket: { fields: { host, ...free('port') }, others: 'privileged' },
};
const probe: Rule = {
  fields: {
    ...handlers,
    ...free('initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold'),
    ...free('failureThreshold', 'terminationGracePeriodSeconds'),
  },
  others: 'privileged',
};
const hook: Rule = { fields: handlers, others: 'privileged' };
const volumeMounts: Rule = {
  each: {
    fields: {
      ...free('name', 'subPath', 'subPathExpr', 'readOnly', 'recursiveReadOnly'),
      mountPath: {
        only: (path) => typeof path === 'string' && !coversReservedFolder(path),
        otherwise: 'owned',
      },
    },
    others: 'privileged',
  },
};
/** The kinds that the restricted Pod Security Standard allows. */
const volumes: Rule = {
  each: {
    fields: {
      name: {
        only: (name) => typeof name === 'string' && !name.startsWith(OWNED_VOLUME_PREFIX),
        otherwise: 'owned',
      },
      ...free('configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'secret'),
      projected: {
        fields: {
          defaultMode: 'free',
          // A service account's token is not among them.
          sources: { each: { fields: free('configMap', 'downwardAPI', 'secret'), others: 'privileged' } },
        },
        others: 'privileged',
      },
    },
    others: 'privileged',
  },
};
/** GPUs are dealt by the scheduler, so that quotas hold. */
const amounts: Rule = { fields: free('cpu', 'memory', 'ephemeral-storage'), others: 'owned' };
const container = {
  fields: {
    name,
    ...free('image', 'imagePullPolicy', 'command', 'args', 'workingDir'),
    ...free('terminationMessagePath', 'terminationMessagePolicy'),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
    env,
    envFrom,
    volumeMounts,
    ports: { each: { fields: free('name', 'containerPort', 'protocol'), others: 'privileged' } },
    resources: { fields: { limits: amounts, requests: amounts }, others: 'owned' },
    lifecycle: { fields: { postStart: hook, preStop: hook }, others: 'owned' },
    securityContext: containerSecurity,
  },
  others: 'privileged',
} satisfies Rule;
const trainer: Rule = { ...container, fields: { ...container.fields, envFrom: envFromOfTrainer } };
const isTrainer = (item: unknown) => (item as { readonly name?: unknown } | null)?.name === TRAINER_CONTAINER;
const podSpec: Rule = {
  fields: {
    containers: { each: (item) => (isTrainer(item) ? trainer : container) },
    initContainers: { each: { ...container, fields: { ...container.fields, restartPolicy: 'free' } } },
    volumes,
    securityContext: podSecurity,
    nodeSelector: { only: (value) => nodeSelector.safeParse(value).success, otherwise: 'malformed' },
    tolerations: { only: (value) => tolerations.safeParse(value).success, otherwise: 'malformed' },
    ...free('imagePullSecrets', 'priorityClassName', 'runtimeClassName'),
    ...free('dnsConfig', 'dnsPolicy', 'hostAliases', 'enableServiceLinks'),
    // Trainers get no token of it, whatever its name.
    serviceAccountName: 'free',
    automountServiceAccountToken: exactly(false),
    hostNetwork: exactly(false),
    hostPID: exactly(false),
    hostIPC: exactly(false),
    // How long GPUs may be kept is the business of the queue: runPolicy has a field for it.
    terminationGracePeriodSeconds: 'owned',
    // Where and how often a worker runs is the plan of the scheduler.
    affinity: 'owned',
    nodeName: 'owned',
    schedulerName: 'owned',
    schedulingGates: 'owned',
    topologySpreadConstraints: 'owned',
    restartPolicy: 'owned',
    activeDeadlineSeconds: 'owned',
    ephemeralContainers: 'owned',
    overhead: 'owned',
    priority: 'owned',
    resourceClaims: 'owned',
    resources: 'owned',
    hostname: 'owned',
    subdomain: 'owned',
  },
  others: 'privileged',
};

const template: Rule = {
  fields: {
    ...free('image', 'imagePullPolicy', 'command', 'nodeSelector', 'tolerations', 'resources'),
    ...free('serviceAccountName', 'priorityClassName'),
    labels,
    annotations,
    env,
    volumes,
    volumeMounts,
  },
  others: 'owned',
};
const podTemplate: Rule = {
  fields: { metadata: { fields: { labels, annotations }, others: 'owned' }, spec: podSpec },
  others: 'owned',
};

/** So many are told; whoever has more sees the others after these. */
const MOST_PROBLEMS = 200;

export interface PodTemplatePolicy {
  /** Jobs may ask for what the restricted Pod Security Standard forbids, such as folders of the node. */
  readonly allowPrivileged: boolean;
}

/** What keeps a job's pod templates from being used, by rights or by form, one sentence each, which names the field. Pure. */
export function podTemplateProblems(
  spec: Pick<FineTuneJobSpec, 'template' | 'podTemplate'>,
  { allowPrivileged }: PodTemplatePolicy,
): string[] {
  const problems: string[] = [];
  const refuse = (access: Refusal, path: string) => {
    if (access === 'malformed') problems.push(`${path} is not what Kubernetes expects there: correct it`);
    else if (access === 'unprefixed' && !allowPrivileged)
      problems.push(`${path} may set variables that choose GPUs: give it a prefix, such as "S3_"`);
    else if (access === 'owned') problems.push(`${path} is set by the controller: leave it out`);
    else if (access === 'privileged' && !allowPrivileged)
      problems.push(
        `${path} would give the pods more rights than the restricted Pod Security Standard: leave it out, or have ` +
          'the controller started with --allow-privileged-pod-templates',
      );
  };
  const check = (rule: Rule, value: unknown, path: string): void => {
    if (value === undefined) return;
    // Strategic merge deletes what is null, and that may be a restriction.
    if (value === null) return void problems.push(`${path} is null: leave it out`);
    if (typeof rule === 'string') return refuse(rule, path);
    if ('only' in rule) {
      const holds = rule.only(value);
      if (!holds) refuse(rule.otherwise, path);
      if (rule.within !== undefined) check(rule.within, value, path);
      return;
    }
    if ('each' in rule) {
      if (!Array.isArray(value)) return void problems.push(`${path} must be a list`);
      return value.forEach((item, index) =>
        check(typeof rule.each === 'function' ? rule.each(item) : rule.each, item, `${path}[${index}]`),
      );
    }
    if (typeof value !== 'object' || Array.isArray(value))
      return void problems.push(`${path} must be an object`);
    for (const [key, child] of Object.entries(value)) {
      const at = `${path}.${key}`;
      if (key.startsWith('$') || key === '__proto__')
        problems.push(`${at} is a directive, which podTemplate does not know: leave it out`);
      else if ('keys' in rule) check(rule.keys(key), child, at);
      else check((Object.hasOwn(rule.fields, key) ? rule.fields[key] : undefined) ?? rule.others, child, at);
    }
  };
  check(template, spec.template, 'spec.template');
  check(podTemplate, spec.podTemplate, 'spec.podTemplate');
  // One sentence for a place; what may not stand there need not have the right form.
  const places = new Set(problems.map((problem) => problem.slice(0, problem.indexOf(' '))));
  podFormProblems(spec, (path, problem) => {
    if (places.has(path) || problems.length >= MOST_PROBLEMS) return;
    places.add(path);
    problems.push(`${path}${/^(is|says) /.test(problem) ? '' : ':'} ${problem}`);
  });
  return problems;
}
