import { startBudget } from './python/budget.js';
import { compileTemplate } from './compiler/compile-template.js';
import { valueOf } from './from-javascript.js';
import { globalsAt } from './globals.js';
import { parseTemplate } from './parser/parse-template.js';
import { TemplateError } from './python/template-error.js';
import type { Value } from './python/values.js';

/** Longest template: the published ones have a few thousand characters. */
const MAX_SOURCE = 1 << 20;

/**
 * A jinja template that renders what jinja2 does in the environment of transformers: a sandbox in which nothing can be changed, with
 * `trim_blocks`, `lstrip_blocks`, loop controls and the tag `generation`. What it cannot do as jinja2 does, it refuses.
 */
export class JinjaTemplate {
  private readonly run: (context: Map<string, Value>) => string;

  /** @throws TemplateError when the source is no template */
  constructor(source: string) {
    if (source.length > MAX_SOURCE)
      throw new TemplateError(
        'TemplateSyntaxError',
        `its ${source.length} characters are more than ${MAX_SOURCE}`,
      );
    this.run = bounded(() => compileTemplate(parseTemplate(source)));
  }

  /**
   * @param now what `strftime_now` writes, in UTC
   * @throws TemplateError when the template refuses the variables
   * @throws TemplateBudgetError when it does not come to an end
   */
  render(variables: Readonly<Record<string, unknown>>, now: Date): string {
    const context = new Map(globalsAt(now));
    for (const [name, value] of Object.entries(variables)) context.set(name, valueOf(value));
    return bounded(() => this.run(context));
  }
}

/** Whether a template writes the date of the rendering. */
export function writesDate(source: string): boolean {
  return source.includes('strftime_now');
}

function bounded<T>(work: () => T): T {
  startBudget();
  try {
    return work();
  } catch (error) {
    // Only a stack that is full is a RangeError here.
    if (error instanceof RangeError)
      throw new TemplateError('RecursionError', 'maximum recursion depth exceeded');
    throw error;
  }
}
