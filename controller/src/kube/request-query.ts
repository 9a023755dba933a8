import type { ListOptions } from './request-options.js';
import type { Resource } from './resource.js';

/** Plural and subresource, such as `pods/status`. */
export const nameOf = ({ plural }: Resource, subresource: string | undefined) =>
  subresource === undefined ? plural : `${plural}/${subresource}`;

export const listQuery = (options: ListOptions) => ({
  labelSelector: options.labelSelector,
  fieldSelector: options.fieldSelector,
  resourceVersion: options.resourceVersion,
  limit: options.limit,
  continue: options.continue,
});

export function queryString(query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return '';
  return `?${given.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`;
}
