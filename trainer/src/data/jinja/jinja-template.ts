import { Environment, Template } from '@huggingface/jinja';
import { formatDate } from './format-date.js';
import { PythonInterpreter } from './python-interpreter.js';

/** Longest template: the published ones have a few thousand characters. */
const MAX_SOURCE = 1 << 20;
/** Longest `range`; the whole of it lies in memory. */
const MAX_RANGE = 100_000;

/**
 * A jinja template that renders what jinja2 does with the settings of transformers (`trim_blocks`, `lstrip_blocks`). The
 * interpreter reaches nothing but its variables.
 */
export class JinjaTemplate {
  private readonly template: Template;

  /** @throws Error when the source is no template */
  constructor(source: string) {
    if (source.length > MAX_SOURCE)
      throw new Error(`its ${source.length} characters are more than ${MAX_SOURCE}`);
    // jinja2 makes every line end one "\n" before it looks at blocks.
    this.template = new Template(source.replace(/\r\n?/g, '\n'));
  }

  /**
   * @param now what `strftime_now` writes, in UTC
   * @throws TemplateBudgetError when it does not come to an end
   */
  render(variables: Readonly<Record<string, unknown>>, now: Date): string {
    const environment = new Environment();
    const globals: Record<string, unknown> = {
      true: true,
      True: true,
      false: false,
      False: false,
      none: null,
      None: null,
      range,
      raise_exception: (message: unknown) => {
        throw new Error(String(message));
      },
      strftime_now: (format: unknown) => formatDate(now, String(format)),
    };
    for (const [name, value] of Object.entries({ ...globals, ...variables })) environment.set(name, value);
    return String(new PythonInterpreter(environment).run(this.template.parsed).value);
  }
}

/** Whether a template writes the date of the rendering. */
export function writesDate(source: string): boolean {
  return source.includes('strftime_now');
}

function range(...args: readonly number[]): number[] {
  const [start = 0, stop = 0, step = 1] = args.length === 1 ? [0, ...args] : args;
  if (step === 0) throw new Error('range() arg 3 must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= MAX_RANGE)) throw new Error(`a range of ${length} is longer than ${MAX_RANGE}`);
  return Array.from({ length }, (_, index) => start + index * step);
}
