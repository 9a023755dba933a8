import { childrenOf, type IfStatement, type Node } from '../parser/nodes.js';

/** Where the value of a name comes from when its scope is entered. */
export type Source = 'parameter' | 'context' | 'outer' | 'nowhere';

/** Where a name lies: how many scopes outwards, and which of that scope's values. */
export interface Place {
  readonly hops: number;
  readonly slot: number;
}

interface Entry {
  readonly name: string;
  readonly source: Source;
  readonly outer: Place | undefined;
}

/**
 * The names of a scope: of the template, or the body of a loop, macro or block. jinja2 decides before it renders which scope a name
 * belongs to: one that is assigned anywhere in a scope is that scope's own.
 */
export class Symbols {
  private names = new Map<string, { readonly slot: number; source: Source }>();
  private stores = new Set<string>();
  private knownEntries: readonly Entry[] | undefined;

  constructor(readonly parent?: Symbols) {}

  /** What the slots hold when the scope is entered. For when all names are noted. */
  get entries(): readonly Entry[] {
    this.knownEntries ??= Array.from(this.names, ([name, { source }]) => ({
      name,
      source,
      outer: this.parent?.placeOf(name),
    }));
    return this.knownEntries;
  }

  placeOf(name: string): Place | undefined {
    const own = this.names.get(name);
    if (own) return { hops: 0, slot: own.slot };
    const outer = this.parent?.placeOf(name);
    return outer && { hops: outer.hops + 1, slot: outer.slot };
  }

  declare(name: string): void {
    this.stores.add(name);
    this.define(name, 'parameter');
  }

  /** Notes the names of nodes that belong to the scope. */
  visit(nodes: readonly Node[]): void {
    for (const node of nodes) this.visitNode(node);
  }

  private visitNode(node: Node): void {
    switch (node.type) {
      case 'Name':
        if (node.use === 'parameter') this.declare(node.name);
        else if (node.use === 'store') this.store(node.name);
        else this.load(node.name);
        return;
      case 'NamespaceField':
        this.load(node.name);
        return;
      case 'If':
        this.visitBranches(node);
        return;
      case 'Macro':
        this.store(node.name);
        return;
      case 'Set':
        this.visit([node.value, node.target]);
        return;
      case 'SetBlock':
        this.visit([node.target]);
        return;
      // What stands in these is another scope's.
      case 'For':
        this.visit([node.items]);
        return;
      case 'CallBlock':
        this.visit([node.call]);
        return;
      case 'FilterBlock':
        this.visit([node.filter]);
        return;
      case 'With':
        this.visit(node.values);
        return;
      case 'Block':
      case 'Generation':
        return;
      default:
        this.visit(childrenOf(node));
    }
  }

  private visitBranches({ branches, otherwise }: IfStatement): void {
    const [first, ...rest] = branches;
    if (!first) return;
    this.visit([first[0]]);
    const others = rest.map((branch): Node => ({ type: 'If', branches: [branch], otherwise: [] }));
    const copies = [first[1], others, otherwise].map((nodes) => {
      const copy = this.copy();
      copy.visit(nodes);
      return copy;
    });
    this.merge(copies);
  }

  private copy(): Symbols {
    const copy = new Symbols(this.parent);
    copy.names = new Map(this.names);
    copy.stores = new Set(this.stores);
    return copy;
  }

  /** A name that one branch assigns is what it was before when another branch is taken. */
  private merge(branches: readonly Symbols[]): void {
    const assigned = branches
      .flatMap((branch) => [...branch.stores])
      .filter((name) => !this.stores.has(name));
    for (const branch of branches) {
      for (const [name, { source }] of branch.names) this.define(name, source);
      for (const name of branch.stores) this.stores.add(name);
    }
    for (const name of assigned) this.define(name, this.parent?.placeOf(name) ? 'outer' : 'context');
  }

  private store(name: string): void {
    this.stores.add(name);
    if (!this.names.has(name)) this.define(name, this.parent?.placeOf(name) ? 'outer' : 'nowhere');
  }

  private load(name: string): void {
    if (!this.placeOf(name)) this.define(name, 'context');
  }

  private define(name: string, source: Source): void {
    this.names.set(name, { slot: this.names.get(name)?.slot ?? this.names.size, source });
  }
}

/** Which of the special names a body reads before it assigns them. */
export function specialNames(body: readonly Node[], names: readonly string[]): ReadonlySet<string> {
  const [open, found] = [new Set(names), new Set<string>()];
  const visit = (node: Node): void => {
    if (node.type === 'Block') return;
    if (node.type === 'Name' && open.has(node.name)) {
      if (node.use === 'load') found.add(node.name);
      else open.delete(node.name);
    }
    for (const child of childrenOf(node)) visit(child);
  };
  body.forEach(visit);
  return found;
}
