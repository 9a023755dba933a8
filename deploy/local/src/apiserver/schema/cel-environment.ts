import { Environment } from '@marcbachmann/cel-js';

type Ordered = bigint | number | string;

const compare = (a: Ordered, b: Ordered): number => (a < b ? -1 : a > b ? 1 : 0);

function extreme(list: Ordered[], sign: 1 | -1): Ordered {
  const first = list[0];
  if (first === undefined) throw new Error('min/max called on empty list');
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best), first);
}

function sum(list: (bigint | number)[]): bigint | number {
  if (list.some((item) => typeof item === 'number'))
    return list.reduce<number>((total, item) => total + Number(item), 0);
  return list.reduce<bigint>((total, item) => total + BigInt(item), 0n);
}

/**
 * The CEL library with the functions that Kubernetes adds for lists and strings. Not covered: url(), ip(), cidr(),
 * quantity(), format() and authorizer; a rule that calls them is refused when its CustomResourceDefinition is written.
 */
export function createCelEnvironment(): Environment {
  return new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
    .registerVariable('self', 'dyn')
    .registerVariable('oldSelf', 'dyn')
    .registerFunction('list<dyn>.isSorted(): bool', (list: Ordered[]) =>
      list.every((item, index) => index === 0 || compare(list[index - 1]!, item) <= 0),
    )
    .registerFunction('list<dyn>.sum(): dyn', (list: (bigint | number)[]) => sum(list))
    .registerFunction('list<dyn>.min(): dyn', (list: Ordered[]) => extreme(list, -1))
    .registerFunction('list<dyn>.max(): dyn', (list: Ordered[]) => extreme(list, 1))
    .registerFunction('list<dyn>.indexOf(dyn): int', (list: unknown[], item: unknown) =>
      BigInt(list.indexOf(item)),
    )
    .registerFunction('list<dyn>.lastIndexOf(dyn): int', (list: unknown[], item: unknown) =>
      BigInt(list.lastIndexOf(item)),
    )
    .registerFunction('string.charAt(int): string', (text: string, index: bigint) =>
      text.charAt(Number(index)),
    )
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.split(from).join(to),
    )
    .registerFunction(
      'string.find(string): string',
      (text: string, pattern: string) => new RegExp(pattern, 'u').exec(text)?.[0] ?? '',
    )
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
      [...text.matchAll(new RegExp(pattern, 'gu'))].map((match) => match[0]),
    );
}
