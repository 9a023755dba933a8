import { typeError } from './template-error.js';
import { Callable, type Keywords, type Value } from './values.js';

export const NO_KEYWORDS: Keywords = new Map();

/** A parameter: its name, and what it is when it is not given. */
export type Parameter = string | readonly [name: string, fallback: Value];

/** The arguments in the order of the parameters. @throws TemplateError as Python does */
export function boundArguments(
  name: string,
  parameters: readonly Parameter[],
  args: readonly Value[],
  keywords: Keywords,
): Value[] {
  if (args.length > parameters.length)
    throw typeError(
      `${name}() takes ${parameters.length} positional arguments but ${args.length} were given`,
    );
  const names = parameters.map((parameter) => (typeof parameter === 'string' ? parameter : parameter[0]));
  for (const keyword of keywords.keys()) {
    const at = names.indexOf(keyword);
    if (at < 0) throw typeError(`${name}() got an unexpected keyword argument '${keyword}'`);
    if (at < args.length) throw typeError(`${name}() got multiple values for argument '${keyword}'`);
  }
  return parameters.map((parameter, at) => {
    const given = at < args.length ? args[at] : keywords.get(names[at]!);
    if (given !== undefined) return given;
    if (typeof parameter === 'string')
      throw typeError(`${name}() missing 1 required positional argument: '${parameter}'`);
    return parameter[1];
  });
}

/** A function of Python that a template can call. */
export class PythonFunction extends Callable {
  constructor(
    readonly name: string,
    private readonly body: (args: readonly Value[], keywords: Keywords) => Value,
    readonly typeName = 'function',
  ) {
    super();
  }

  /** A function of the parameters. */
  static of(
    name: string,
    parameters: readonly Parameter[],
    body: (...args: readonly Value[]) => Value,
  ): PythonFunction {
    return new PythonFunction(name, (args, keywords) =>
      body(...boundArguments(name, parameters, args, keywords)),
    );
  }

  /** A method written in C, as most of Python's own: its arguments have no names. */
  static method(
    name: string,
    parameters: readonly Parameter[],
    body: (...args: readonly Value[]) => Value,
  ): PythonFunction {
    return new PythonFunction(name, (args, keywords) => {
      if (keywords.size > 0) throw typeError(`${name}() takes no keyword arguments`);
      return body(...boundArguments(name, parameters, args, keywords));
    });
  }

  call(args: readonly Value[], keywords: Keywords): Value {
    return this.body(args, keywords);
  }
}
