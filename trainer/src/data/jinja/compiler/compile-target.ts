import { compileExpression } from './compile-expression.js';
import type { Expression } from '../parser/nodes.js';
import type { Scope } from './scope.js';
import { iterate, iteratorOf } from '../python/sequences.js';
import type { StatementFrame } from './statement.js';
import { TemplateError, typeError, valueError } from '../python/template-error.js';
import { typeName } from '../python/type-names.js';
import { Namespace, type Value } from '../python/values.js';

export type Assign = (scope: Scope, value: Value) => void;

/** What an assignment does. */
export function compileTarget(target: Expression, frame: StatementFrame): Assign {
  switch (target.type) {
    case 'Name': {
      const { name } = target;
      const place = frame.symbols.placeOf(name)!;
      return (scope, value) => {
        scope.set(place, value);
        if (frame.isTopLevel) scope.context.set(name, value);
      };
    }
    case 'NamespaceField': {
      const [namespace, { field }] = [compileExpression(target, frame), target];
      return (scope, value) => {
        const object = namespace(scope);
        if (object instanceof Namespace) object.attributes.set(field, value);
      };
    }
    case 'Tuple': {
      const targets = target.items.map((item) => compileTarget(item, frame));
      return (scope, value) => unpack(value, targets, scope);
    }
    default:
      throw new TemplateError('TemplateSyntaxError', `can't assign to '${target.type.toLowerCase()}'`);
  }
}

function unpack(value: Value, targets: readonly Assign[], scope: Scope): void {
  if (!iteratorOf(value)) throw typeError(`cannot unpack non-iterable ${typeName(value)} object`);
  const items: Value[] = [];
  for (const item of iterate(value)) {
    if (items.length === targets.length)
      throw valueError(`too many values to unpack (expected ${targets.length})`);
    items.push(item);
  }
  if (items.length < targets.length)
    throw valueError(`not enough values to unpack (expected ${targets.length}, got ${items.length})`);
  for (const [at, assign] of targets.entries()) assign(scope, items[at]!);
}

/** jinja2 looks at the namespaces before it evaluates what they are given. */
export function compileNamespaceCheck(target: Expression, frame: StatementFrame): (scope: Scope) => void {
  const fields = (target.type === 'Tuple' ? target.items : [target]).filter(
    ({ type }) => type === 'NamespaceField',
  );
  const namespaces = fields.map((field) => compileExpression(field, frame));
  return (scope) => {
    for (const namespace of namespaces)
      if (!(namespace(scope) instanceof Namespace))
        throw new TemplateError('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
  };
}
