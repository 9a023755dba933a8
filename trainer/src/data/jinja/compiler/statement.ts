import { boundedText, spendStep } from '../python/budget.js';
import type { Frame } from './compile-expression.js';
import type { Body } from '../parser/nodes.js';
import type { Scope } from './scope.js';
import { Symbols } from './symbols.js';

/** The text that a template has written. */
export class Output {
  text = '';

  write(text: string): void {
    spendStep();
    this.text = boundedText(this.text + text);
  }
}

/** How a statement ends when not as usual. */
export type Signal = 'break' | 'continue' | undefined;
/** A statement that is ready to run. */
export type Run = (scope: Scope, output: Output) => Signal;

/** Where a statement stands. */
export interface StatementFrame extends Frame {
  /** Assignments are seen by the template's blocks. */
  readonly isTopLevel: boolean;
  readonly isInLoop: boolean;
}

export type CompileBody = (body: Body, frame: StatementFrame) => Run;

/** A scope in the scope. */
export function innerFrame(frame: StatementFrame): StatementFrame {
  return { ...frame, symbols: new Symbols(frame.symbols), isBranch: false, isTopLevel: false };
}
