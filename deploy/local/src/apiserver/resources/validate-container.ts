import { isMore, parseQuantity } from '../../quantity.js';
import { isObject, objectOr, objectsOf, textOf, type JsonObject } from '../json.js';
import { invalidValue, requiredValue } from '../schema/validate.js';
import { checkName, notFound, unsupported, type Report } from './pod-faults.js';

const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const STANDARD = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;
const isExtended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/');

function checkResources(resources: JsonObject, field: string, report: Report): void {
  const limits = objectOr(resources['limits']);
  const requests = objectOr(resources['requests']);
  for (const [kind, amounts] of Object.entries({ limits, requests }))
    for (const [name, given] of Object.entries(amounts)) {
      const place = `${field}.${kind}[${name}]`;
      const amount = parseQuantity(given);
      if (!STANDARD.test(name) && !/^[^/]+\/[^/]+$/.test(name))
        report(invalidValue(place, name, 'must be a standard resource type or fully qualified'));
      if (amount < 0) report(invalidValue(place, textOf(given), 'must be greater than or equal to 0'));
      if (isExtended(name) && !Number.isInteger(amount))
        report(invalidValue(place, textOf(given), 'must be an integer'));
    }
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit === undefined) {
      if (isExtended(name))
        report(requiredValue(`${field}.limits`, 'Limit must be set for non overcommitable resources'));
      continue;
    }
    const [wanted, bound] = [parseQuantity(request), parseQuantity(limit)];
    if (isExtended(name) && wanted !== bound)
      report(
        invalidValue(
          `${field}.requests`,
          textOf(request),
          `must be equal to ${name} limit of ${textOf(limit)}`,
        ),
      );
    else if (isMore(wanted, bound))
      report(
        invalidValue(
          `${field}.requests`,
          textOf(request),
          `must be less than or equal to ${name} limit of ${textOf(limit)}`,
        ),
      );
  }
}

function checkEnvironment(container: JsonObject, field: string, report: Report): void {
  for (const [index, variable] of objectsOf(container['env']).entries()) {
    const place = `${field}.env[${index}]`;
    const name = textOf(variable['name']);
    if (name === '') report(requiredValue(`${place}.name`));
    else if (!ENV_NAME.test(name))
      report(
        invalidValue(
          `${place}.name`,
          name,
          "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
        ),
      );
    const source = variable['valueFrom'];
    if (!isObject(source)) continue;
    if (textOf(variable['value']) !== '')
      report(invalidValue(`${place}.valueFrom`, '', 'may not be specified when `value` is not empty'));
    const kinds = Object.keys(source);
    if (kinds.length !== 1)
      report(
        invalidValue(
          `${place}.valueFrom`,
          '',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
        ),
      );
    for (const kind of ['secretKeyRef', 'configMapKeyRef'] as const)
      if (isObject(source[kind]) && !textOf(source[kind]['key']))
        report(requiredValue(`${place}.valueFrom.${kind}.key`));
  }
}

function checkMounts(container: JsonObject, field: string, volumes: Set<unknown>, report: Report): void {
  const paths = new Set<unknown>();
  for (const [index, mount] of objectsOf(container['volumeMounts']).entries()) {
    const place = `${field}.volumeMounts[${index}]`;
    if (!textOf(mount['name'])) report(requiredValue(`${place}.name`));
    else if (!volumes.has(mount['name'])) report(notFound(`${place}.name`, mount['name']));
    const path = textOf(mount['mountPath']);
    if (path === '') report(requiredValue(`${place}.mountPath`));
    else if (paths.has(path)) report(invalidValue(`${place}.mountPath`, path, 'must be unique'));
    paths.add(path);
    const subPath = textOf(mount['subPath']);
    if (subPath.startsWith('/')) report(invalidValue(`${place}.subPath`, subPath, 'must be a relative path'));
    if (subPath.split('/').includes('..'))
      report(invalidValue(`${place}.subPath`, subPath, "must not contain '..'"));
  }
}

/** Adds a cause for every fault of the containers of one list. */
export function checkContainers(
  spec: JsonObject,
  list: 'containers' | 'initContainers',
  names: { readonly volumes: Set<unknown>; readonly containers: Set<unknown> },
  report: Report,
): void {
  for (const [index, container] of objectsOf(spec[list]).entries()) {
    const field = `spec.${list}[${index}]`;
    checkName(container['name'], `${field}.name`, names.containers, report);
    const image = textOf(container['image']);
    if (image === '') report(requiredValue(`${field}.image`));
    else if (image !== image.trim())
      report(invalidValue(`${field}.image`, image, 'must not have leading or trailing whitespace'));
    const pull = ['Always', 'IfNotPresent', 'Never'];
    if (!pull.includes(textOf(container['imagePullPolicy'])))
      report(unsupported(`${field}.imagePullPolicy`, container['imagePullPolicy'], pull));
    for (const [place, port] of objectsOf(container['ports']).entries()) {
      const number = Number(port['containerPort']);
      if (!(number >= 1 && number <= 65_535))
        report(
          invalidValue(
            `${field}.ports[${place}].containerPort`,
            number,
            'must be between 1 and 65535, inclusive',
          ),
        );
    }
    checkEnvironment(container, field, report);
    checkMounts(container, field, names.volumes, report);
    checkResources(objectOr(container['resources']), `${field}.resources`, report);
  }
}
