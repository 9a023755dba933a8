import { isQualifiedName } from '../crud/validate-metadata.js';
import { arrayOr, at, objectOr, objectsOf, textOf, type JsonObject } from '../json.js';
import { invalidValue, requiredValue } from '../schema/validate.js';
import type { StatusCause } from '../status-error.js';
import { checkName, unsupported, type Report } from './pod-faults.js';
import { checkContainers } from './validate-container.js';

const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

function checkVolumes(spec: JsonObject, report: Report): Set<unknown> {
  const names = new Set<unknown>();
  for (const [index, volume] of objectsOf(spec['volumes']).entries()) {
    const field = `spec.volumes[${index}]`;
    checkName(volume['name'], `${field}.name`, names, report);
    const kinds = Object.keys(volume).filter((key) => key !== 'name');
    if (kinds.length === 0) report(requiredValue(field, 'must specify a volume type'));
    for (const kind of kinds.slice(1))
      report({
        reason: 'FieldValueForbidden',
        message: 'Forbidden: may not specify more than 1 volume type',
        field: `${field}.${kind}`,
      });
    const path = at(volume, 'hostPath', 'path');
    if (volume['hostPath'] !== undefined && !textOf(path)) report(requiredValue(`${field}.hostPath.path`));
    if (textOf(path).split('/').includes('..'))
      report(invalidValue(`${field}.hostPath.path`, path, "must not contain '..'"));
    if (volume['secret'] !== undefined && !textOf(at(volume, 'secret', 'secretName')))
      report(requiredValue(`${field}.secret.secretName`));
    if (volume['configMap'] !== undefined && !textOf(at(volume, 'configMap', 'name')))
      report(requiredValue(`${field}.configMap.name`));
    if (
      volume['persistentVolumeClaim'] !== undefined &&
      !textOf(at(volume, 'persistentVolumeClaim', 'claimName'))
    )
      report(requiredValue(`${field}.persistentVolumeClaim.claimName`));
  }
  return names;
}

function checkTolerations(spec: JsonObject, report: Report): void {
  for (const [index, toleration] of objectsOf(spec['tolerations']).entries()) {
    const field = `spec.tolerations[${index}]`;
    const { key, operator, value, effect } = toleration;
    if (operator !== undefined && operator !== '' && operator !== 'Exists' && operator !== 'Equal')
      report(unsupported(`${field}.operator`, operator, ['Equal', 'Exists']));
    if (!textOf(key) && operator !== 'Exists')
      report(
        invalidValue(
          `${field}.operator`,
          operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (operator === 'Exists' && textOf(value))
      report(invalidValue(`${field}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
    if (textOf(effect) && !effects.includes(textOf(effect)))
      report(unsupported(`${field}.effect`, effect, effects));
    if (toleration['tolerationSeconds'] !== undefined && effect !== 'NoExecute')
      report(
        invalidValue(
          `${field}.effect`,
          effect ?? '',
          "effect must be 'NoExecute' when `tolerationSeconds` is set",
        ),
      );
  }
}

function checkPlacement(spec: JsonObject, report: Report): void {
  for (const key of Object.keys(objectOr(spec['nodeSelector'])))
    if (!isQualifiedName(key))
      report(
        invalidValue(
          'spec.nodeSelector',
          key,
          "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        ),
      );
  for (const value of Object.values(objectOr(spec['nodeSelector'])))
    if (textOf(value).length > 63 || !LABEL_VALUE.test(textOf(value)))
      report(
        invalidValue(
          'spec.nodeSelector',
          value,
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        ),
      );
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const terms = at(spec, 'affinity', 'nodeAffinity', required, 'nodeSelectorTerms');
  const field = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`;
  if (at(spec, 'affinity', 'nodeAffinity', required) !== undefined && arrayOr(terms).length === 0)
    report(requiredValue(field, 'must have at least one node selector term'));
  for (const [index, term] of objectsOf(terms).entries())
    for (const [place, { operator, values }] of objectsOf(term['matchExpressions']).entries()) {
      const at = `${field}[${index}].matchExpressions[${place}]`;
      const known = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];
      if (!known.includes(textOf(operator)))
        report(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
      else if (textOf(operator).endsWith('In') && arrayOr(values).length === 0)
        report(requiredValue(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    }
}

/** Adds one cause for every fault of a complete pod spec, in the words and with the field paths of the API. */
export function validatePodSpec(spec: JsonObject, causes: StatusCause[]): void {
  const report: Report = (cause) => causes.push(cause);
  const volumes = checkVolumes(spec, report);
  if (objectsOf(spec['containers']).length === 0) report(requiredValue('spec.containers'));
  const names = { volumes, containers: new Set<unknown>() };
  checkContainers(spec, 'containers', names, report);
  checkContainers(spec, 'initContainers', names, report);
  checkTolerations(spec, report);
  checkPlacement(spec, report);
  const policies = ['Always', 'OnFailure', 'Never'];
  if (!policies.includes(textOf(spec['restartPolicy'])))
    report(unsupported('spec.restartPolicy', spec['restartPolicy'], policies));
  const grace = spec['terminationGracePeriodSeconds'];
  if (typeof grace === 'number' && grace < 0)
    report(invalidValue('spec.terminationGracePeriodSeconds', grace, 'must be greater than or equal to 0'));
  const deadline = spec['activeDeadlineSeconds'];
  if (typeof deadline === 'number' && deadline < 1)
    report(
      invalidValue('spec.activeDeadlineSeconds', deadline, 'must be between 1 and 2147483647, inclusive'),
    );
}
