import { spendStep } from '../python/budget.js';
import { compileExpression } from './compile-expression.js';
import { Macro, type MacroArguments, type MacroSignature } from './macro.js';
import type { Body, Expression, Parameters } from '../parser/nodes.js';
import type { Scope } from './scope.js';
import { innerFrame, Output, type CompileBody, type StatementFrame } from './statement.js';
import { specialNames } from './symbols.js';
import { TemplateError } from '../python/template-error.js';
import { quoted } from '../python/text-of.js';
import { Undefined } from '../python/values.js';

export interface MacroParts {
  readonly parameters: Parameters;
  readonly body: Body;
}

const SPECIAL = ['caller', 'kwargs', 'varargs'];

/** A macro, or the body of a call block without a name. */
export function compileMacro(
  { parameters, body }: MacroParts,
  name: string | null,
  frame: StatementFrame,
  compileBody: CompileBody,
): (scope: Scope) => Macro {
  const inner = { ...innerFrame(frame), isInLoop: false };
  const { symbols } = inner;
  symbols.visit([...parameters.names, ...parameters.defaults]);
  const names = parameters.names.map((parameter) => (parameter as { readonly name: string }).name);
  const read = specialNames(body, SPECIAL);
  for (const special of read) if (!names.includes(special)) symbols.declare(special);
  symbols.visit(body);
  if (
    read.has('caller') &&
    names.includes('caller') &&
    names.indexOf('caller') < names.length - parameters.defaults.length
  )
    throw new TemplateError(
      'TemplateSyntaxError',
      'When defining macros or call blocks the special "caller" argument must be omitted or be given a default.',
    );
  const signature: MacroSignature = {
    name,
    parameters: names,
    readsCaller: read.has('caller'),
    readsKeywords: read.has('kwargs') && !names.includes('kwargs'),
    readsRest: read.has('varargs') && !names.includes('varargs'),
  };
  const bind = compileParameters(names, parameters.defaults, inner);
  const run = compileBody(body, inner);
  return (scope) =>
    new Macro(signature, (args) => {
      spendStep();
      const own = scope.enter(symbols);
      bind(own, args);
      const output = new Output();
      run(own, output);
      return output.text;
    });
}

function compileParameters(
  names: readonly string[],
  defaults: readonly Expression[],
  frame: StatementFrame,
): (scope: Scope, args: MacroArguments) => void {
  const { symbols } = frame;
  const first = names.length - defaults.length;
  const parameters = names.map((name, at) => {
    const missing = new Undefined(() => `parameter ${quoted(name)} was not provided`);
    const fallback = at < first ? () => missing : compileExpression(defaults[at - first]!, frame);
    return [symbols.placeOf(name)!, fallback] as const;
  });
  const place = (name: string) => (names.includes(name) ? undefined : symbols.placeOf(name));
  const [caller, keywords, rest] = SPECIAL.map(place);
  return (scope, args) => {
    for (const [at, [slot]] of parameters.entries()) {
      const value = args.values[at];
      if (value !== undefined) scope.set(slot, value);
    }
    for (const [at, [slot, fallback]] of parameters.entries())
      if (args.values[at] === undefined) scope.set(slot, fallback(scope));
    if (caller?.hops === 0) scope.set(caller, args.caller);
    if (keywords?.hops === 0) scope.set(keywords, args.keywords);
    if (rest?.hops === 0) scope.set(rest, args.rest);
  };
}
