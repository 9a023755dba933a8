import type { Expression, NameUse } from './nodes.js';
import { CONSTANTS, parsePrimary, tupleOf } from './parse-expression.js';
import type { Expected, TokenStream } from './token-stream.js';

/** What `set`, `for` and `with` assign to: a name, or a tuple of some. */
export function parseTarget(
  stream: TokenStream,
  use: Exclude<NameUse, 'load'>,
  options: { readonly ends?: readonly Expected[]; readonly allowsField?: true } = {},
): Expression {
  const parse = () => parsePrimary(stream, options.allowsField);
  const { line } = stream.current;
  return assigned(stream, tupleOf(stream, parse, options.ends ?? []), use, line);
}

/** The name of a macro or of its parameter. */
export function parseTargetName(stream: TokenStream, use: Exclude<NameUse, 'load'>): string {
  const { line, text } = stream.expect('name');
  assigned(stream, { type: 'Name', name: text, use: 'load' }, use, line);
  return text;
}

function assigned(
  stream: TokenStream,
  target: Expression,
  use: Exclude<NameUse, 'load'>,
  line: number,
): Expression {
  if (target.type === 'Name' && !CONSTANTS.has(target.name)) return { ...target, use };
  if (target.type === 'NamespaceField') return target;
  if (target.type === 'Tuple')
    return { type: 'Tuple', items: target.items.map((item) => assigned(stream, item, use, line)) };
  throw stream.error(`can't assign to '${target.type.toLowerCase()}'`, line);
}
