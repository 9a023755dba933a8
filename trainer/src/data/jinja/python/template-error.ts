/** What Python raises, by the name of its class, and what jinja2 does. */
export type ErrorKind =
  | 'TypeError'
  | 'ValueError'
  | 'KeyError'
  | 'IndexError'
  | 'AttributeError'
  | 'ZeroDivisionError'
  | 'OverflowError'
  | 'RecursionError'
  | 'AssertionError'
  | 'RuntimeError'
  | 'TemplateError'
  | 'TemplateSyntaxError'
  | 'TemplateRuntimeError'
  | 'UndefinedError'
  | 'SecurityError'
  | 'Unsupported';

/** An error of a template, in the words of jinja2 or Python. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';

  constructor(
    readonly kind: ErrorKind,
    message: string,
  ) {
    super(message);
  }
}

/** A template that does not come to an end, or takes too much memory. */
export class TemplateBudgetError extends Error {
  override readonly name = 'TemplateBudgetError';
}

export function typeError(message: string): TemplateError {
  return new TemplateError('TypeError', message);
}

export function valueError(message: string): TemplateError {
  return new TemplateError('ValueError', message);
}

/** jinja2 can do it and this interpreter cannot: refused, so that no text differs unnoticed. */
export function unsupported(what: string): TemplateError {
  return new TemplateError('Unsupported', `${what} is not supported in a chat template`);
}
