/** A value that is written as bare text, read by the types that the tool's schema allows. Order and cases are Ollama's. */
import type { Bare, Spelling } from '@tabllama/calls';
import { type Tool, typesOf } from '../tools.ts';

export function typedValue(written: string, types: readonly string[]): unknown {
  const raw = written.replace(/^\n/, '').replace(/\n$/, '');
  const lower = raw.toLowerCase();
  if (lower === 'null') return null;
  const may = (type: string) => types.includes(type);
  if (may('boolean')) {
    if (lower === 'true' || lower === 'false') return lower === 'true';
    if (types.length === 1) return false;
  }
  const number = Number(raw);
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(raw) && Number.isFinite(number);
  if (may('integer') && isNumber && Number.isInteger(number)) return number;
  if (may('number') && isNumber) return number;
  if (may('array') || may('object')) {
    const value = parsed(raw);
    if (may('array') && Array.isArray(value)) return value;
    if (may('object') && typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  }
  return raw;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Arguments whose values are bare texts, as `typedValue` reads them. */
export const bareSpelling = (tool: Tool, marks: Omit<Spelling, 'between' | 'bare'>): Spelling => ({
  ...marks,
  between: [''],
  bare: name =>
    bareOf(
      typesOf(tool, name),
      marks.after.every(text => !text.startsWith('\n')),
    ),
});

/** `trims`: a line feed at an end would not be taken for a part of the text. */
function bareOf(types: readonly string[], trims: boolean): Bare {
  const read: readonly (readonly [type: string, starts: string, not: string])[] = [
    ['boolean', 'tf', '^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$'],
    ['integer', '-0123456789', number],
    ['number', '-0123456789', number],
    ['array', '[', '^\\s*\\['],
    ['object', '{', '^\\s*\\{'],
  ];
  const those = read.filter(([type]) => types.includes(type));
  return {
    starts: ['n', ...those.map(([, starts]) => starts)].join(''),
    not: ['^[nN][uU][lL][lL]$', ...those.map(([, , not]) => not), ...(trims ? ['^\n', '\n$'] : [])].join('|'),
  };
}

const number = '^[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?$';
