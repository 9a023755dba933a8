import { Dict } from './dict.js';
import {
  DictView,
  Lazy,
  Markup,
  Namespace,
  Range,
  Tuple,
  Undefined,
  WrittenFloat,
  type Value,
} from './values.js';

/** The name of the class. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'boolean':
      return 'bool';
    default:
  }
  if (value === null) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  if (value instanceof WrittenFloat) return 'float';
  if (value instanceof Markup) return 'Markup';
  if (value instanceof Tuple) return value.fields.length > 0 ? '_GroupTuple' : 'tuple';
  if (value instanceof Dict) return 'dict';
  if (value instanceof DictView) return value.kind;
  if (value instanceof Range) return 'range';
  if (value instanceof Lazy) return value.typeName;
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Namespace) return 'Namespace';
  return (value as { readonly typeName: string }).typeName;
}

const MODULES: Readonly<Record<string, string>> = {
  Markup: 'markupsafe',
  Namespace: 'jinja2.utils',
  Cycler: 'jinja2.utils',
  Joiner: 'jinja2.utils',
  LoopContext: 'jinja2.runtime',
  Macro: 'jinja2.runtime',
  _GroupTuple: 'jinja2.filters',
};

/** How jinja2 calls an object in an error. */
export function objectName(value: Value): string {
  if (value === null) return 'None';
  const name = typeName(value);
  const module = MODULES[name];
  return `${module === undefined ? '' : `${module}.`}${name} object`;
}
