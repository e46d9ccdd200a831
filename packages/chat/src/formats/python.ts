/** LFM2 and OLMo 3: calls as Python writes them, `[name(key='value', other=1)]`. */
import type { ParsedCall } from '../output.ts';
import type { Tool } from '../tools.ts';
import { closedBy, type Format, OutputError, type Shape, spelledArguments } from './format.ts';

export const lfm2: Format = {
  detect: template => template.includes('<|tool_call_start|>') || template.includes('<|tool_list_start|>'),
  calls: [
    {
      open: '<|tool_call_start|>',
      inner: ['<|tool_call_end|>'],
      end: closedBy('<|tool_call_end|>'),
      read: body => new Reader(body).calls(),
      shapes: tools => [['[', rows(tools, [',', ', '], '<|tool_call_end|>'), ']<|tool_call_end|>']],
    },
  ],
};

export const olmo3: Format = {
  detect: template => template.includes('<function_calls>'),
  calls: [
    {
      open: '<function_calls>',
      inner: ['</function_calls>'],
      end: closedBy('</function_calls>'),
      read: body => new Reader(body).calls(),
      shapes: tools => [['\n', rows(tools, ['\n'], '</function_calls>'), '\n</function_calls>']],
    },
  ],
};

/** Calls of these tools, in a text that ends with the mark. */
function rows(tools: readonly Tool[], between: readonly string[], end: string): Shape[number] {
  const spelling = {
    before: ['', ' '],
    is: ['='],
    after: [''],
    between: [','],
    close: [')'],
    names: '^[^\\s=(),]+$',
    never: [end],
    quotes: ["'", '"'].map(quote => ({ open: quote, close: quote, escapes })),
    words: { True: 'true', False: 'false', None: 'null' },
  };
  return { some: tools.map(tool => [`${tool.name}(`, spelledArguments(tool, spelling)]), between };
}

const words: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  null: null,
  None: null,
  nil: null,
};
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const maxDepth = 100;

/** Reads Python's literals and calls, as far as models write them. */
class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  calls(): ParsedCall[] {
    const calls: ParsedCall[] = [];
    const isList = this.#skip('[');
    while (this.#peek() !== '' && !(isList && this.#peek() === ']')) {
      calls.push(this.#call());
      this.#skip(',');
    }
    if (calls.length === 0) throw new OutputError('no tool calls found');
    return calls;
  }

  #call(): ParsedCall {
    const name = this.#match(/[\w.-]+/y);
    if (name === undefined || !this.#skip('(')) throw this.#unexpected();
    const values: [string, unknown][] = [];
    while (!this.#skip(')')) {
      const key = this.#match(/[^\s=(),]+/y);
      if (key === undefined || !this.#skip('=')) throw this.#unexpected();
      values.push([key, this.#value()]);
      if (!this.#skip(',') && this.#peek() !== ')') throw this.#unexpected();
    }
    return { name, arguments: Object.fromEntries(values) };
  }

  #value(): unknown {
    if (++this.#depth > maxDepth) throw new OutputError('a call of a tool is nested too deeply');
    const value = this.#inner();
    this.#depth--;
    return value;
  }

  #inner(): unknown {
    if (this.#skip('[')) {
      const items: unknown[] = [];
      while (!this.#skip(']')) {
        items.push(this.#value());
        if (!this.#skip(',') && this.#peek() !== ']') throw this.#unexpected();
      }
      return items;
    }
    if (this.#skip('{')) {
      const entries: [string, unknown][] = [];
      while (!this.#skip('}')) {
        const key = this.#value();
        if (!this.#skip(':')) throw this.#unexpected();
        entries.push([String(key), this.#value()]);
        if (!this.#skip(',') && this.#peek() !== '}') throw this.#unexpected();
      }
      return Object.fromEntries(entries);
    }
    const quoted = this.#match(/'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y);
    if (quoted !== undefined) {
      return quoted.slice(1, -1).replace(/\\([\s\S])/g, (_, char: string) => escapes[char] ?? char);
    }
    const number = this.#match(/[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y);
    if (number !== undefined) return Number(number);
    const word = this.#match(/[^,()[\]{}:=]+/y)?.trim();
    if (!word) throw this.#unexpected();
    return Object.hasOwn(words, word) ? words[word] : word;
  }

  #peek(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text[this.#at] ?? '';
  }

  #skip(char: string): boolean {
    const found = this.#peek() === char;
    if (found) this.#at++;
    return found;
  }

  #match(pattern: RegExp): string | undefined {
    this.#peek();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #unexpected(): OutputError {
    const near = this.#text.slice(this.#at, this.#at + 20);
    return new OutputError(`a call of a tool cannot be read at ${JSON.stringify(near)}`);
  }
}
