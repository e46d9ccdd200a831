/**
 * The source of a Go template as tokens: text, and what stands between `{{` and `}}`. Trims the text beside `{{-` and `-}}` and drops
 * comments. The language is that of Go's `text/template`, https://pkg.go.dev/text/template; words of errors are Go's.
 */
import { isPrintable } from './text.ts';

export type TokenType =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'declare'
  | 'assign'
  | 'pipe'
  | '('
  | ')'
  | 'char'
  | 'string'
  | 'rune'
  | 'number'
  | 'field'
  | 'dot'
  | 'variable'
  | 'bool'
  | 'identifier'
  | 'keyword'
  | 'error'
  | 'end';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly pos: number;
  readonly line: number;
}

const keywords = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
]);

const word = /[\p{L}\p{Nd}_]+/uy;
/** Go's numbers without imaginary ones, which no chat template has a use for. */
const number = /[+-]?(?:0[xX][\da-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?)/y;
const quoted = /"(?:[^"\\\n]|\\[^\n])*"/y;
const raw = /`[^`]*`/y;
const rune = /'(?:[^'\\\n]|\\[^\n])*'/y;

/** The last token is `end` or `error`, whose text says what is wrong. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let counted = 0;
  const add = (type: TokenType, text: string, pos: number) => {
    for (; counted < pos; counted++) if (source[counted] === '\n') line++;
    tokens.push({ type, text, pos, line });
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const spaceAt = (i: number) => ' \t\r\n'.includes(source[i] ?? 'x');
  /** Whether a closing mark is here, how much stands before its braces, and whether it trims the text behind. */
  const closing = (): { skip: number; trims: boolean } | undefined => {
    if (source.startsWith('}}', at)) return { skip: 0, trims: false };
    if (spaceAt(at) && source.startsWith('-}}', at + 1)) return { skip: 2, trims: true };
    return undefined;
  };
  const skipBlanks = () => {
    while (spaceAt(at)) at++;
  };

  for (;;) {
    const open = source.indexOf('{{', at);
    const trims = open >= 0 && source[open + 2] === '-' && spaceAt(open + 3);
    let end = open < 0 ? source.length : open;
    while (trims && end > at && spaceAt(end - 1)) end--;
    if (end > at) add('text', source.slice(at, end), at);
    if (open < 0) {
      add('end', 'EOF', source.length);
      return tokens;
    }
    at = open + (trims ? 4 : 2);

    if (source.startsWith('/*', at)) {
      const start = at;
      const stop = source.indexOf('*/', at);
      at = stop + 2;
      const close = stop < 0 ? undefined : closing();
      if (!close) {
        add('error', stop < 0 ? 'unclosed comment' : 'comment ends before closing delimiter', start);
        return tokens;
      }
      at += close.skip + 2;
      if (close.trims) skipBlanks();
      continue;
    }

    add('open', '{{', open);
    const mistake = action();
    if (mistake !== undefined) {
      add('error', mistake.text, mistake.pos);
      return tokens;
    }
  }

  /** Reads up to and with `}}`. */
  function action(): { text: string; pos: number } | undefined {
    let depth = 0;
    for (;;) {
      const start = at;
      const fail = (text: string) => ({ text, pos: start });
      const take = (type: TokenType, text: string) => {
        at += text.length;
        add(type, text, start);
      };
      const close = closing();
      if (close) {
        if (depth > 0) return fail('unclosed left paren');
        at += close.skip;
        add('close', '}}', at);
        at += 2;
        if (close.trims) skipBlanks();
        return undefined;
      }
      const char = source[at];
      if (char === undefined) return fail('unclosed action');
      if (spaceAt(at)) {
        while (spaceAt(at) && !closing()) at++;
        add('space', source.slice(start, at), start);
      } else if (char === '=') take('assign', char);
      else if (char === ':') {
        if (source[at + 1] !== '=') return fail('expected :=');
        take('declare', ':=');
      } else if (char === '|') take('pipe', char);
      else if (char === '(') {
        depth++;
        take('(', char);
      } else if (char === ')') {
        if (--depth < 0) return fail('unexpected right paren');
        take(')', char);
      } else if (char === '"' || char === '`' || char === "'") {
        const [pattern, type, name] = quotes[char];
        const text = match(pattern);
        if (text === undefined) return fail(`unterminated ${name}`);
        take(type, text);
      } else if (char === '$' || (char === '.' && !/\d/.test(source[at + 1] ?? ''))) {
        at++;
        const name = match(word) ?? '';
        at += name.length;
        if (!atTerminator()) return fail(`bad character ${runeName()}`);
        at = start;
        const type = char === '$' ? 'variable' : name === '' ? 'dot' : 'field';
        take(type, char + name);
      } else if (/[-+.\d]/.test(char)) {
        const text = match(number) ?? char;
        at += text.length;
        const more = match(word);
        at = start;
        if (more !== undefined) return fail(`bad number syntax: ${JSON.stringify(text + more[0])}`);
        take('number', text);
      } else {
        const name = match(word);
        if (name === undefined) {
          if (char > '\x7f' || char < ' ') return fail(`unrecognized character in action: ${runeName()}`);
          take('char', char);
          continue;
        }
        at += name.length;
        if (!atTerminator()) return fail(`bad character ${runeName()}`);
        at = start;
        const type = keywords.has(name) ? 'keyword' : /^(true|false)$/.test(name) ? 'bool' : 'identifier';
        take(type, name);
      }
    }
  }

  function atTerminator(): boolean {
    return at >= source.length || spaceAt(at) || '.,|:)('.includes(source[at]) || source.startsWith('}}', at);
  }

  /** The character here as Go's `%#U` prints it. */
  function runeName(): string {
    const code = source.codePointAt(at)!;
    const char = String.fromCodePoint(code);
    return `U+${code.toString(16).toUpperCase().padStart(4, '0')}${isPrintable(char) ? ` '${char}'` : ''}`;
  }
}

const quotes: Readonly<Record<string, readonly [pattern: RegExp, type: TokenType, name: string]>> = {
  '"': [quoted, 'string', 'quoted string'],
  '`': [raw, 'string', 'raw quoted string'],
  "'": [rune, 'rune', 'character constant'],
};
