import { examples } from '../../test/examples.ts';

examples([
  ['json', ['{}', '{"a": [1, 2.5e3, "x\\n"], "b": null}'], ['1', '[1]']],
  [{ type: ['null', 'boolean'] }, ['null', 'true', 'false'], ['1', '"a"', '{}']],
  [
    { enum: ['a/b', 1, null, { x: [1] }] },
    ['"a/b"', '1', '1.0', 'null', '{"x": [1]}'],
    ['2', '{"x": [2]}', '{}'],
  ],
  [{ enum: ['v1', 'v1.0', 'v1b'] }, ['"v1"', '"v1.0"', '"v1b"'], ['"v1a"']],
  [{ not: { const: 'é' }, type: 'string' }, ['"e"', '"éé"'], ['"é"', '"\\u00e9"']],
]);
