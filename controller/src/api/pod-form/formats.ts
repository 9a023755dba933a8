import { parseQuantity } from '../quantity.js';

/** Formats of values, as Kubernetes checks them. Each gives what is wrong with a text, or undefined. */
export type Format = (text: string) => string | undefined;

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const KEY = /^[-._a-zA-Z0-9]+$/;
const PORT_NAME = /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export const objectLabel: Format = (text) =>
  text.length <= 63 && LABEL.test(text)
    ? undefined
    : 'is not a name: use at most 63 lower-case letters, digits and -, with a letter or digit at both ends';

export const objectName: Format = (text) =>
  text.length <= 253 && SUBDOMAIN.test(text)
    ? undefined
    : 'is not the name of an object: use lower-case letters, digits, - and ., with a letter or digit at both ends';

const isQualified = (text: string) => {
  const [prefix, name, ...more] = text.includes('/') ? text.split('/') : [undefined, text];
  return (
    more.length === 0 &&
    (prefix === undefined || (prefix.length <= 253 && SUBDOMAIN.test(prefix))) &&
    name !== undefined &&
    name.length <= 63 &&
    QUALIFIED.test(name)
  );
};

export const labelKey: Format = (text) =>
  isQualified(text)
    ? undefined
    : 'is not a key: use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends, and if need be a domain and / before it';

/** Keys of annotations may have capitals in their domain. */
export const annotationKey: Format = (text) => labelKey(text.toLowerCase());

export const labelValue: Format = (text) =>
  text === '' || (text.length <= 63 && QUALIFIED.test(text))
    ? undefined
    : 'is not a label value: use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends';

export const variableName: Format = (text) =>
  VARIABLE.test(text)
    ? undefined
    : 'is not the name of a variable: use letters, digits, -, _ and ., and no digit first';

export const dataKey: Format = (text) =>
  text.length <= 253 && KEY.test(text) && text !== '.' && !text.startsWith('..')
    ? undefined
    : 'is not a key of a Secret or ConfigMap: use letters, digits, -, _ and .';

export const portName: Format = (text) =>
  text.length <= 15 && PORT_NAME.test(text)
    ? undefined
    : 'is not the name of a port: use at most 15 lower-case letters, digits and single -, with a letter among them';

/** Amount of a quantity such as `500m` or `32Gi`; undefined = it is none. */
export const quantityOf = (value: unknown): number | undefined =>
  typeof value === 'string' || typeof value === 'number' ? parseQuantity(value) : undefined;

export const quantity: Format = (text) => {
  const amount = quantityOf(text);
  if (amount === undefined)
    return 'is not a quantity: write a number with a unit and no blank, such as 500m or 32Gi';
  return amount < 0 ? 'is negative: write an amount of at least 0' : undefined;
};

export const oneOf =
  (...words: readonly string[]): Format =>
  (text) =>
    words.includes(text) ? undefined : `is not known: write ${words.join(' or ')}`;

export const image: Format = (text) =>
  text !== '' && text.trim() === text ? undefined : 'is not the name of an image: leave out blanks around it';

export const mountPath: Format = (text) =>
  text === '' || text.includes(':')
    ? 'is not a folder of a container: write an absolute path without :'
    : undefined;

export const relativePath: Format = (text) =>
  text.startsWith('/') || text.split('/').includes('..')
    ? 'is not a path within the volume: write a relative one without ..'
    : undefined;
