import type { Comparator, Operator } from '../python/operators.js';
import type { Value } from '../python/values.js';

/** An expression; names that are assigned are `Name` with another use. */
export type Expression =
  | { readonly type: 'Constant'; readonly value: Value }
  | { readonly type: 'Name'; readonly name: string; readonly use: NameUse }
  | { readonly type: 'NamespaceField'; readonly name: string; readonly field: string }
  | { readonly type: 'Tuple'; readonly items: readonly Expression[] }
  | { readonly type: 'List'; readonly items: readonly Expression[] }
  | { readonly type: 'Dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly type: 'Attribute'; readonly object: Expression; readonly name: string }
  | { readonly type: 'Subscript'; readonly object: Expression; readonly key: Expression }
  | {
      readonly type: 'Slice';
      readonly object: Expression;
      /** Start, stop and step. */
      readonly bounds: readonly (Expression | undefined)[];
    }
  | CallExpression
  | FilterExpression
  | {
      readonly type: 'Test';
      readonly value: Expression;
      readonly name: string;
      readonly line: number;
      readonly args: Arguments;
    }
  | { readonly type: 'Not'; readonly value: Expression }
  | { readonly type: 'Sign'; readonly operator: '-' | '+'; readonly value: Expression }
  | {
      readonly type: 'Binary';
      readonly operator: Operator | 'and' | 'or';
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: 'Concat'; readonly parts: readonly Expression[] }
  | {
      readonly type: 'Compare';
      readonly first: Expression;
      readonly rest: readonly { readonly comparator: Comparator; readonly value: Expression }[];
    }
  | {
      readonly type: 'Conditional';
      readonly line: number;
      readonly test: Expression;
      readonly yes: Expression;
      readonly otherwise: Expression | undefined;
    };

/** Read, assigned by `set`, or given by a loop, macro or `with`. */
export type NameUse = 'load' | 'store' | 'parameter';

export interface CallExpression {
  readonly type: 'Call';
  readonly callee: Expression;
  readonly args: Arguments;
}

export interface FilterExpression {
  readonly type: 'Filter';
  /** undefined takes the text of the block. */
  readonly value: Expression | undefined;
  readonly name: string;
  readonly line: number;
  readonly args: Arguments;
}

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** `*args` */
  readonly rest: Expression | undefined;
  /** `**kwargs` */
  readonly keywords: Expression | undefined;
}

export interface Parameters {
  readonly names: readonly Expression[];
  /** Of the last parameters. */
  readonly defaults: readonly Expression[];
}

export type Body = readonly Statement[];

export interface MacroNode {
  readonly type: 'Macro';
  readonly name: string;
  readonly parameters: Parameters;
  readonly body: Body;
}

export interface CallBlock {
  readonly type: 'CallBlock';
  readonly parameters: Parameters;
  readonly call: CallExpression;
  readonly body: Body;
}

export interface ForLoop {
  readonly type: 'For';
  readonly target: Expression;
  readonly items: Expression;
  readonly body: Body;
  readonly otherwise: Body;
  readonly test: Expression | undefined;
  readonly isRecursive: boolean;
}

export interface IfStatement {
  readonly type: 'If';
  /** The condition and body of `if` and every `elif`. */
  readonly branches: readonly (readonly [test: Expression, body: Body])[];
  readonly otherwise: Body;
}

export type Statement =
  | { readonly type: 'Text'; readonly text: string }
  | { readonly type: 'Print'; readonly value: Expression }
  | ForLoop
  | IfStatement
  | MacroNode
  | CallBlock
  /** transformers' `generation`: the text of an answer. */
  | { readonly type: 'Generation'; readonly parameters: Parameters; readonly body: Body }
  | { readonly type: 'FilterBlock'; readonly filter: FilterExpression; readonly body: Body }
  | { readonly type: 'Set'; readonly target: Expression; readonly value: Expression }
  | {
      readonly type: 'SetBlock';
      readonly target: Expression;
      readonly filter: FilterExpression | undefined;
      readonly body: Body;
    }
  | {
      readonly type: 'With';
      readonly targets: readonly Expression[];
      readonly values: readonly Expression[];
      readonly body: Body;
    }
  | { readonly type: 'Block'; readonly name: string; readonly body: Body }
  /** Another template, which there is none of. */
  | { readonly type: 'Load'; readonly template: Expression; readonly names: readonly Expression[] }
  | { readonly type: 'Break' }
  | { readonly type: 'Continue' };

export type Node = Expression | Statement;

/** All nodes directly below, in the order in which they stand in the template. */
export function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap(nodesIn);
}

function nodesIn(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  if (typeof value !== 'object' || value === null) return [];
  if ('type' in value && typeof value.type === 'string') return [value as Node];
  // Arguments and parameters are no nodes but hold some.
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value).flatMap(nodesIn) : [];
}
