import type { FineTuneJobSpec } from '../fine-tune-job.js';
import { checkShape, checkUnique, type Report } from './check-shape.js';
import { annotationKey, image, labelKey, labelValue, objectName, quantity, type Format } from './formats.js';
import { initContainer } from './object-rules.js';

type Json = { readonly [field: string]: unknown };
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectsOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Kubernetes takes so many bytes of annotations. */
const ANNOTATION_BYTES = 256 * 1024;
/** Volumes that the controller gives every pod, or one for each claim and Secret of the job. */
const OWN_VOLUME = /^tuneyard-(scratch|shm|cache|identity|claim-\d+|secret-\d+)$/;
/** Lists of the short template, which are those of a pod and of its trainer. */
const TEMPLATE_LISTS = {
  tolerations: 'V1Toleration',
  env: 'V1EnvVar',
  volumes: 'V1Volume',
  volumeMounts: 'V1VolumeMount',
} as const;

/**
 * Where a job's pod templates are not what makes a pod: types, formats, names, and what belongs together, as the API
 * server checks a Pod. Such a pod would be refused for good, so the job is, before it takes GPUs. Pure.
 */
export function podFormProblems(
  { template = {}, podTemplate = {} }: Pick<FineTuneJobSpec, 'template' | 'podTemplate'>,
  report: Report,
): void {
  const of = (format: Format, value: unknown, path: string) => {
    if (typeof value !== 'string') return;
    const problem = format(value);
    if (problem !== undefined) report(path, `${JSON.stringify(value)} ${problem}`);
  };
  const map = (value: unknown, path: string, key: Format, item?: Format) => {
    if (!isObject(value)) return;
    for (const [name, content] of Object.entries(value)) {
      if (typeof content !== 'string') report(`${path}.${name}`, 'is not a text: put it in quotes');
      of(key, name, path);
      if (item !== undefined) of(item, content, `${path}.${name}`);
    }
  };
  const metadata = (labels: unknown, annotations: unknown, path: string) => {
    map(labels, `${path}.labels`, labelKey, labelValue);
    map(annotations, `${path}.annotations`, annotationKey);
    if (JSON.stringify(annotations ?? {}).length > ANNOTATION_BYTES)
      report(`${path}.annotations`, 'take more than 256 KiB: shorten them');
  };

  metadata(template.labels, template.annotations, 'spec.template');
  map(template.nodeSelector, 'spec.template.nodeSelector', labelKey, labelValue);
  for (const [list, type] of Object.entries(TEMPLATE_LISTS))
    checkShape(
      template[list as keyof typeof TEMPLATE_LISTS],
      `list:${type}`,
      `spec.template.${list}`,
      report,
    );
  checkUnique(template.volumes, 'name', 'spec.template.volumes', report);
  checkUnique(template.volumeMounts, 'mountPath', 'spec.template.volumeMounts', report);
  of(image, template.image, 'spec.template.image');
  of(objectName, template.serviceAccountName, 'spec.template.serviceAccountName');
  of(objectName, template.priorityClassName, 'spec.template.priorityClassName');
  for (const name of ['cpu', 'memory'] as const)
    of(quantity, template.resources?.[name], `spec.template.resources.${name}`);

  const patch = isObject(podTemplate.spec) ? podTemplate.spec : {};
  const at = 'spec.podTemplate.spec';
  metadata(podTemplate.metadata?.labels, podTemplate.metadata?.annotations, 'spec.podTemplate.metadata');
  checkShape(patch, 'V1PodSpec', at, report);
  map(patch['nodeSelector'], `${at}.nodeSelector`, labelKey, labelValue);
  const names = new Map<unknown, string>();
  for (const list of ['containers', 'initContainers'])
    checkUnique(patch[list], 'name', `${at}.${list}`, report, names);
  checkContainers(patch, at, report);
  const volumes = new Set(
    [template.volumes, patch['volumes']].flatMap((list) => objectsOf(list).map(({ name }) => name)),
  );
  checkMounts(template.volumeMounts, volumes, 'spec.template', report);
  for (const list of ['containers', 'initContainers'])
    for (const [index, container] of objectsOf(patch[list]).entries())
      checkMounts(container['volumeMounts'], volumes, `${at}.${list}[${index}]`, report);
}

/** What containers that a patch adds must have, beside the trainer, which it only changes. */
function checkContainers(patch: Json, path: string, report: Report): void {
  for (const list of ['containers', 'initContainers'])
    for (const [index, container] of objectsOf(patch[list]).entries()) {
      const at = `${path}.${list}[${index}]`;
      const isTrainer = list === 'containers' && container['name'] === 'trainer';
      if (!isTrainer && container['image'] === undefined) report(`${at}.image`, 'is missing');
      const { restartPolicy } = container;
      if (list === 'containers' && restartPolicy !== undefined && restartPolicy !== null)
        report(`${at}.restartPolicy`, 'is for init containers: leave it out');
      if (list === 'initContainers')
        for (const { field, problem } of initContainer(container)) report(`${at}.${field}`, problem);
    }
}

function checkMounts(mounts: unknown, volumes: ReadonlySet<unknown>, path: string, report: Report): void {
  for (const [index, { name }] of objectsOf(mounts).entries()) {
    if (typeof name !== 'string' || name === '' || volumes.has(name) || OWN_VOLUME.test(name)) continue;
    report(
      `${path}.volumeMounts[${index}].name`,
      `${JSON.stringify(name)} is no volume of the pod: add it to volumes`,
    );
  }
}
