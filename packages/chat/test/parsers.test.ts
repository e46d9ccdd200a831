import { expect, test } from 'vitest';
import { OutputError } from '../src/formats/format.ts';
import { findParser } from '../src/formats/index.ts';
import { createGenericParser } from '../src/generic-tools.ts';
import type { ParsedCall } from '../src/output.ts';
import { createThinkingParser } from '../src/thinking.ts';
import { readTools } from '../src/tools.ts';
import { ollamaParsers } from './fixtures.ts';

test.each(
  ollamaParsers.cases.map(one => [one.parser ?? one.tag ?? one.open, one.pieces.join(''), one] as const),
)('%s reads %j as Ollama does', (_, __, { parser, tag, tools, think, last, pieces, expected, ...tags }) => {
  const given = tools ? ollamaParsers.tools : [];
  const open = () => {
    if (tag !== undefined) return createGenericParser(tag, readTools(given));
    if (parser === undefined) return createThinkingParser(tags, false);
    return findParser(parser)!.create({ prompt: '', think, tools: given, messages: last ? [last] : [] });
  };
  for (const cut of [pieces, [...pieces.join('')]]) {
    const reader = open();
    let [content, thinking] = ['', ''];
    const calls: ParsedCall[] = [];
    const take = (said: { content?: string; thinking?: string; calls?: readonly ParsedCall[] }) => {
      content += said.content ?? '';
      thinking += said.thinking ?? '';
      calls.push(...(said.calls ?? []));
    };
    const run = () => {
      for (const piece of cut) take(reader.push(piece));
      if ('end' in reader) take(reader.end());
    };
    if (expected.error !== undefined) {
      expect(run).toThrow(OutputError);
      continue;
    }
    run();
    expect({ content, thinking, calls }).toEqual(expected);
  }
});
