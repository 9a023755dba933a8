import { isJsonObject, type JsonObject } from '../../support/index.js';

export interface PipelineComponent {
  /** The library's own; it is a function. */
  readonly component: object;
  /** As `tokenizer.json` has it. */
  readonly config: JsonObject;
  /** Its regular expression, as the library translates it. */
  readonly pattern: RegExp | undefined;
}

const LISTS = ['normalizers', 'tokenizers', 'decoders'] as const;

/** A component of the library's pipeline and those in it. */
export function componentsOf(component: unknown): PipelineComponent[] {
  if (typeof component !== 'function') return [];
  const config: unknown = Reflect.get(component, 'config');
  const pattern: unknown = Reflect.get(component, 'pattern');
  const inner = LISTS.flatMap((name): unknown => Reflect.get(component, name) ?? []);
  return [
    {
      component,
      config: isJsonObject(config) ? config : {},
      pattern: pattern instanceof RegExp ? pattern : undefined,
    },
    ...inner.flatMap(componentsOf),
  ];
}
