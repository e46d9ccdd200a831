/** The tree of a Go template, how Go writes its nodes in errors, and walking it. */

interface At {
  /** Offset in the source. */
  readonly pos: number;
}

export type Literal =
  | ({ readonly type: 'bool'; readonly value: boolean } & At)
  | ({ readonly type: 'nil' } & At)
  /** A Go int is a bigint, a float64 a number. */
  | ({ readonly type: 'number'; readonly text: string; readonly value: bigint | number } & At)
  | ({ readonly type: 'string'; readonly quoted: string; readonly text: string } & At);

export interface Field extends At {
  readonly type: 'field';
  /** `.A.B` is A, B. */
  readonly path: readonly string[];
}
export interface Variable extends At {
  readonly type: 'variable';
  /** `$x.A` is $x, A. */
  readonly path: readonly string[];
}
export interface Identifier extends At {
  readonly type: 'identifier';
  readonly name: string;
}
export interface Chain extends At {
  readonly type: 'chain';
  readonly node: Operand;
  readonly path: readonly string[];
}
export type Operand =
  | Literal
  | Field
  | Variable
  | Identifier
  | Chain
  | Pipe
  | ({ readonly type: 'dot' } & At);

export interface Command extends At {
  readonly type: 'command';
  readonly args: readonly Operand[];
}
export interface Pipe extends At {
  readonly type: 'pipe';
  readonly variables: readonly Variable[];
  /** `=` where there would be `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Text extends At {
  readonly type: 'text';
  readonly text: string;
}
export interface Branch extends At {
  readonly type: 'if' | 'with' | 'range';
  readonly pipe: Pipe;
  readonly list: List;
  readonly otherwise?: List;
}
export interface Action extends At {
  readonly type: 'action';
  readonly pipe: Pipe;
}
export interface Call extends At {
  readonly type: 'template';
  readonly name: string;
  readonly pipe?: Pipe;
}
export type Statement = Text | Branch | Action | Call | ({ readonly type: 'break' | 'continue' } & At);
export interface List extends At {
  readonly type: 'list';
  readonly nodes: readonly Statement[];
}

export type Node = Operand | Command | Statement | List;

/** A parsed source: the template itself under the empty name, and those that it defines. */
export type Definitions = ReadonlyMap<string, List>;

/** A node as Go writes it in an error. */
export function show(node: Node): string {
  switch (node.type) {
    case 'bool':
      return String(node.value);
    case 'nil':
      return 'nil';
    case 'number':
      return node.text;
    case 'string':
      return node.quoted;
    case 'dot':
      return '.';
    case 'identifier':
      return node.name;
    case 'field':
      return node.path.map(name => `.${name}`).join('');
    case 'variable':
      return node.path.join('.');
    case 'chain': {
      const inner = show(node.node);
      return [node.node.type === 'pipe' ? `(${inner})` : inner, ...node.path].join('.');
    }
    case 'command':
      return node.args.map(arg => (arg.type === 'pipe' ? `(${show(arg)})` : show(arg))).join(' ');
    case 'pipe': {
      const variables = node.variables.map(show).join(', ');
      const commands = node.commands.map(show).join(' | ');
      return variables ? `${variables} ${node.assigns ? '=' : ':='} ${commands}` : commands;
    }
    case 'text':
      return node.text;
    case 'list':
      return node.nodes.map(show).join('');
    case 'action':
      return `{{${show(node.pipe)}}}`;
    case 'template':
      return `{{template ${JSON.stringify(node.name)}${node.pipe ? ` ${show(node.pipe)}` : ''}}}`;
    case 'break':
    case 'continue':
      return `{{${node.type}}}`;
    case 'if':
    case 'with':
    case 'range': {
      const otherwise = node.otherwise ? `{{else}}${show(node.otherwise)}` : '';
      return `{{${node.type} ${show(node.pipe)}}}${show(node.list)}${otherwise}{{end}}`;
    }
  }
}

/** What lies directly below a node, in the order of the source. */
export function children(node: Node): readonly Node[] {
  switch (node.type) {
    case 'list':
      return node.nodes;
    case 'if':
    case 'with':
    case 'range':
      return [node.pipe, node.list, ...(node.otherwise ? [node.otherwise] : [])];
    case 'action':
      return [node.pipe];
    case 'template':
      return node.pipe ? [node.pipe] : [];
    case 'pipe':
      return node.commands;
    case 'command':
      return node.args;
    default:
      return [];
  }
}

/** Shows every node below `node` to `see`, with the nodes that it lies in, outermost first. */
export function visit(
  node: Node,
  see: (node: Node, ancestors: readonly Node[]) => void,
  ancestors: readonly Node[] = [],
): void {
  see(node, ancestors);
  const below = [...ancestors, node];
  for (const child of children(node)) visit(child, see, below);
}
