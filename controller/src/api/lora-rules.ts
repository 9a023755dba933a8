import { ALL_LINEAR, isPattern, patternFault } from '@tuneyard/proto/targets';
import type { CrossFieldRule, FieldFault } from './schema.js';

interface LoraNames {
  readonly targetModules?: readonly string[] | undefined;
  readonly excludeModules?: readonly string[] | undefined;
  readonly layersToTransform?: readonly number[] | undefined;
  readonly layersPattern?: readonly string[] | undefined;
  readonly modulesToSave?: readonly string[] | undefined;
  readonly rankPattern?: Readonly<Record<string, number>> | undefined;
  readonly alphaPattern?: Readonly<Record<string, number>> | undefined;
  readonly variant?: string | undefined;
  readonly dora?: boolean | undefined;
}

/** A name without the characters of a regular expression. */
const NAME = '^[A-Za-z0-9_.-]+$';

/** What the fields of a LoRA that choose layers must be to each other. */
export const loraRules: readonly CrossFieldRule<LoraNames>[] = [
  ...(['targetModules', 'excludeModules'] as const).flatMap((field) => [
    {
      rule: `!has(self.${field}) || size(self.${field}) < 2 || self.${field}.all(name, name.matches('${NAME}'))`,
      message: `${field} holds a regular expression beside other entries: join them with | into one, or give names`,
      holds: (value: LoraNames) => (value[field]?.length ?? 0) < 2 || !value[field]?.some(isPattern),
      field,
    },
    {
      rule: `!has(self.${field}) || self.${field}.all(name, size(name) > 0)`,
      message: `${field} has an empty entry: remove it`,
      holds: (value: LoraNames) => !value[field]?.includes(''),
      field,
    },
  ]),
  {
    rule: `!has(self.targetModules) || size(self.targetModules) < 2 || !('${ALL_LINEAR}' in self.targetModules)`,
    message: `targetModules: ${ALL_LINEAR} stands alone: remove the other entries, or name the layers`,
    holds: ({ targetModules = [] }) => targetModules.length < 2 || !targetModules.includes(ALL_LINEAR),
    field: 'targetModules',
  },
  {
    rule: '!has(self.targetModules) || size(self.targetModules) > 0',
    message: `targetModules is empty: name layers, or leave it out for ${ALL_LINEAR}`,
    holds: ({ targetModules }) => targetModules?.length !== 0,
    field: 'targetModules',
  },
  {
    rule: `!has(self.layersToTransform) || size(self.layersToTransform) == 0 || !has(self.targetModules) || self.targetModules.all(name, name.matches('${NAME}'))`,
    message:
      'layersToTransform cannot stand beside a regular expression in targetModules: write the blocks into the expression',
    holds: ({ layersToTransform = [], targetModules = [] }) =>
      layersToTransform.length === 0 || !targetModules.some(isPattern),
    field: 'layersToTransform',
  },
  {
    rule: '!has(self.layersPattern) || size(self.layersPattern) == 0 || (has(self.layersToTransform) && size(self.layersToTransform) > 0)',
    message: 'layersPattern needs layersToTransform, the indices of the blocks to adapt',
    holds: ({ layersPattern = [], layersToTransform = [] }) =>
      layersPattern.length === 0 || layersToTransform.length > 0,
    field: 'layersPattern',
  },
  {
    rule: `!has(self.modulesToSave) || self.modulesToSave.all(name, name.matches('${NAME}'))`,
    message: 'modulesToSave holds something that is no module name: give ends of names, such as embed_tokens',
    holds: ({ modulesToSave = [] }) => modulesToSave.every((name) => name !== '' && !isPattern(name)),
    field: 'modulesToSave',
  },
  {
    rule: "!has(self.dora) || self.dora || !has(self.variant) || self.variant != 'dora'",
    message: 'dora: false contradicts variant: dora: remove one of them',
    holds: ({ dora, variant }) => dora !== false || variant !== 'dora',
    field: 'dora',
  },
  ...(['rankPattern', 'alphaPattern'] as const).map((field) => ({
    rule: `!has(self.${field}) || self.${field}.all(pattern, size(pattern) > 0 && size(pattern) <= 256)`,
    message: `${field} has an empty pattern or one of more than 256 characters: shorten it`,
    holds: (value: LoraNames) =>
      Object.keys(value[field] ?? {}).every((pattern) => pattern !== '' && pattern.length <= 256),
    field,
  })),
];

/** The first pattern that is no regular expression of Python, which CEL cannot tell: field and fault. */
export function loraPatternFault(lora: LoraNames): FieldFault | undefined {
  const sources: readonly (readonly [string, readonly string[]])[] = [
    ['targetModules', (lora.targetModules ?? []).filter(isPattern)],
    ['excludeModules', (lora.excludeModules ?? []).filter(isPattern)],
    ['layersPattern', lora.layersPattern ?? []],
    ['rankPattern', Object.keys(lora.rankPattern ?? {})],
    ['alphaPattern', Object.keys(lora.alphaPattern ?? {})],
  ];
  for (const [field, patterns] of sources) {
    for (const pattern of patterns) {
      const fault = patternFault(pattern);
      if (fault !== undefined)
        return { field, fault: `"${pattern}" is not a regular expression of Python: ${fault}` };
    }
  }
  return undefined;
}
