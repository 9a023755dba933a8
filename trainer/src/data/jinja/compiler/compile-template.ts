import {
  callValue,
  compileArguments,
  compileExpression,
  compileFilter,
  type Evaluate,
} from './compile-expression.js';
import { compileFor } from './compile-loop.js';
import { compileMacro } from './compile-macro.js';
import { compileNamespaceCheck, compileTarget } from './compile-target.js';
import {
  childrenOf,
  type Body,
  type Expression,
  type IfStatement,
  type Node,
  type Statement,
} from '../parser/nodes.js';
import { Scope } from './scope.js';
import { isTrue } from '../python/sequences.js';
import { innerFrame, Output, type Run, type StatementFrame } from './statement.js';
import { specialNames, Symbols } from './symbols.js';
import { TemplateError, typeError, unsupported } from '../python/template-error.js';
import { quoted, textOf } from '../python/text-of.js';
import type { Value } from '../python/values.js';

/** A template as a function of the variables. */
export function compileTemplate(body: Body): (context: Map<string, Value>) => string {
  refuseSecondBlocks(body, new Set());
  return compileRoot(body);
}

function refuseSecondBlocks(nodes: readonly Node[], seen: Set<string>): void {
  for (const node of nodes) {
    if (node.type === 'Block') {
      if (seen.has(node.name))
        throw new TemplateError('TemplateSyntaxError', `block ${quoted(node.name)} defined twice`);
      seen.add(node.name);
    }
    refuseSecondBlocks(childrenOf(node), seen);
  }
}

/** The template itself, or one of its blocks: both see the variables alone. */
function compileRoot(body: Body): (context: Map<string, Value>) => string {
  if (specialNames(body, ['self']).size > 0) throw unsupported('the name "self"');
  const symbols = new Symbols();
  symbols.visit(body);
  const run = compileBody(body, { symbols, isBranch: false, isTopLevel: true, isInLoop: false });
  return (context) => {
    const output = new Output();
    run(new Scope(context).begin(symbols), output);
    return output.text;
  };
}

function compileBody(body: Body, frame: StatementFrame): Run {
  const runs = body.map((statement) => compileStatement(statement, frame));
  return (scope, output) => {
    for (const run of runs) {
      const signal = run(scope, output);
      if (signal !== undefined) return signal;
    }
    return undefined;
  };
}

function compileStatement(node: Statement, frame: StatementFrame): Run {
  switch (node.type) {
    case 'Text': {
      const { text } = node;
      return (_, output) => {
        output.write(text);
        return undefined;
      };
    }
    case 'Print': {
      const value = compileExpression(node.value, frame);
      return (scope, output) => {
        output.write(textOf(value(scope)));
        return undefined;
      };
    }
    case 'For':
      return compileFor(node, frame, compileBody);
    case 'If':
      return compileIf(node, frame);
    case 'Macro': {
      const make = compileMacro(node, node.name, frame, compileBody);
      const assign = compileTarget({ type: 'Name', name: node.name, use: 'store' }, frame);
      return (scope) => {
        assign(scope, make(scope));
        return undefined;
      };
    }
    case 'CallBlock':
      return compileCallBlock(node, frame);
    case 'Generation': {
      const make = compileMacro(node, null, frame, compileBody);
      return (scope, output) => {
        output.write(textOf(make(scope).call([], new Map())));
        return undefined;
      };
    }
    case 'FilterBlock': {
      const inner = innerFrame(frame);
      inner.symbols.visit([...node.body, node.filter]);
      const [body, print] = [compileBody(node.body, inner), compileBlockFilter(node.filter, inner)];
      return (scope, output) => {
        const own = scope.enter(inner.symbols);
        const text = new Output();
        const signal = body(own, text);
        if (signal === undefined) output.write(textOf(print(text.text)(own)));
        return signal;
      };
    }
    case 'Set': {
      const [value, assign] = [compileExpression(node.value, frame), compileTarget(node.target, frame)];
      const check = compileNamespaceCheck(node.target, frame);
      return (scope) => {
        check(scope);
        assign(scope, value(scope));
        return undefined;
      };
    }
    case 'SetBlock':
      return compileSetBlock(node, frame);
    case 'With':
      return compileWith(node, frame);
    case 'Block': {
      const block = compileRoot(node.body);
      return (scope, output) => {
        output.write(block(scope.context));
        return undefined;
      };
    }
    case 'Load': {
      const template = compileExpression(node.template, frame);
      return (scope) => {
        template(scope);
        throw typeError('no loader for this environment specified');
      };
    }
    default: {
      const signal = node.type === 'Break' ? 'break' : 'continue';
      if (!frame.isInLoop)
        throw new TemplateError('TemplateSyntaxError', `'${signal}' stands outside a loop`);
      return () => signal;
    }
  }
}

function compileIf(node: IfStatement, frame: StatementFrame): Run {
  const inner = { ...frame, isBranch: true };
  const branches = node.branches.map(
    ([test, body]) => [compileExpression(test, inner), compileBody(body, inner)] as const,
  );
  const otherwise = compileBody(node.otherwise, inner);
  return (scope, output) => {
    for (const [test, body] of branches) if (isTrue(test(scope))) return body(scope, output);
    return otherwise(scope, output);
  };
}

function compileSetBlock(node: Extract<Statement, { type: 'SetBlock' }>, frame: StatementFrame): Run {
  const inner = innerFrame(frame);
  inner.symbols.visit(node.body);
  if (node.filter) inner.symbols.visit([node.filter]);
  const [body, assign] = [compileBody(node.body, inner), compileTarget(node.target, frame)];
  const filter = node.filter && compileBlockFilter(node.filter, inner);
  return (scope) => {
    const own = scope.enter(inner.symbols);
    const output = new Output();
    const signal = body(own, output);
    if (signal === undefined) assign(scope, filter ? filter(output.text)(own) : output.text);
    return signal;
  };
}

/** Filters of a block's text. */
function compileBlockFilter(node: Expression, frame: StatementFrame): (text: string) => Evaluate {
  if (node.type !== 'Filter') throw new TemplateError('TemplateSyntaxError', 'a block needs a filter');
  const { value } = node;
  if (!value) return (text) => compileFilter(node, frame, () => text);
  const inner = compileBlockFilter(value, frame);
  return (text) => compileFilter(node, frame, inner(text));
}

function compileWith(node: Extract<Statement, { type: 'With' }>, frame: StatementFrame): Run {
  const inner = innerFrame(frame);
  inner.symbols.visit([...node.targets, ...node.body]);
  const values = node.values.map((value) => compileExpression(value, frame));
  const targets = node.targets.map((target) => compileTarget(target, inner));
  const body = compileBody(node.body, inner);
  return (scope, output) => {
    const own = scope.enter(inner.symbols);
    for (const [at, assign] of targets.entries()) assign(own, values[at]!(scope));
    return body(own, output);
  };
}

function compileCallBlock(node: Extract<Statement, { type: 'CallBlock' }>, frame: StatementFrame): Run {
  const make = compileMacro(node, null, frame, compileBody);
  const callee = compileExpression(node.call.callee, frame);
  const args = compileArguments(node.call.args, frame);
  return (scope, output) => {
    const caller = make(scope);
    const called = callee(scope);
    const { positional, keywords } = args(scope);
    output.write(textOf(callValue(called, positional, new Map([...keywords, ['caller', caller]]))));
    return undefined;
  };
}
