import { spendStep } from '../python/budget.js';
import { compileExpression } from './compile-expression.js';
import { compileTarget } from './compile-target.js';
import { LoopContext, type Recursion } from './loop-context.js';
import { childrenOf, type Expression, type ForLoop, type Node } from '../parser/nodes.js';
import type { Scope } from './scope.js';
import { generator } from '../filters/sequence-filters.js';
import { isTrue, iterate } from '../python/sequences.js';
import {
  innerFrame,
  Output,
  type CompileBody,
  type Run,
  type Signal,
  type StatementFrame,
} from './statement.js';
import { TemplateError } from '../python/template-error.js';
import type { Value } from '../python/values.js';

export function compileFor(node: ForLoop, frame: StatementFrame, compileBody: CompileBody): Run {
  refuseLoopAssignment(node);
  const inner = { ...innerFrame(frame), isInLoop: true };
  inner.symbols.declare('loop');
  inner.symbols.visit([node.target, ...node.body]);
  const otherwiseFrame = innerFrame(frame);
  otherwiseFrame.symbols.visit(node.otherwise);
  const items = compileExpression(node.items, frame);
  const filter = compileLoopTest(node, frame);
  const assign = compileTarget(node.target, inner);
  const body = compileBody(node.body, inner);
  const otherwise = compileBody(node.otherwise, {
    ...otherwiseFrame,
    isInLoop: frame.isInLoop && !node.isRecursive,
  });
  const loopPlace = inner.symbols.placeOf('loop')!;

  const run = (given: Value, scope: Scope, output: Output, recursion?: Recursion, depth = 0): Signal => {
    const loop = new LoopContext(filter(given, scope), recursion, depth);
    let hasRun = false;
    for (let item = loop.next(); item !== undefined; item = loop.next()) {
      spendStep();
      const own = scope.enter(inner.symbols);
      own.set(loopPlace, loop);
      assign(own, item);
      const signal = body(own, output);
      if (signal === 'break') break;
      if (signal === undefined) hasRun = true;
    }
    return hasRun ? undefined : otherwise(scope.enter(otherwiseFrame.symbols), output);
  };

  if (!node.isRecursive) return (scope, output) => run(items(scope), scope, output);
  return (scope, output) => {
    const recursion: Recursion = (given, depth) => {
      const text = new Output();
      run(given, scope, text, recursion, depth);
      return text.text;
    };
    output.write(recursion(items(scope), 0));
    return undefined;
  };
}

/** The items of which the loop's own condition is true. */
function compileLoopTest(
  { test, target }: ForLoop,
  frame: StatementFrame,
): (items: Value, scope: Scope) => Value {
  if (!test) return (items) => items;
  const inner = innerFrame(frame);
  inner.symbols.visit([target, test]);
  const [assign, passes] = [compileTarget(target, inner), compileExpression(test, inner)];
  return (items, scope) => {
    function* selected(): Generator<Value> {
      for (const item of iterate(items)) {
        const own = scope.enter(inner.symbols);
        assign(own, item);
        if (isTrue(passes(own))) yield item;
      }
    }
    return generator(selected());
  };
}

function refuseLoopAssignment(node: ForLoop): void {
  const assigns = (child: Node): boolean =>
    (child.type === 'Name' && child.name === 'loop' && child.use === 'store') ||
    childrenOf(child).some(assigns);
  const names = (target: Expression): boolean =>
    target.type === 'Tuple' ? target.items.some(names) : target.type === 'Name' && target.name === 'loop';
  if (assigns(node) || names(node.target))
    throw new TemplateError(
      'TemplateSyntaxError',
      "Can't assign to special loop variable in for-loop target",
    );
}
