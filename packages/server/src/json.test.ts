import { expect, test } from 'vitest';
import { any, array, bool, decodeBody, int, map, object, string } from './decode.ts';
import { image, keepAlive, messages, think } from './fields.ts';
import { type JsonObject, parseJson } from './json.ts';

const fields = {
  model: string,
  stream: bool,
  count: int,
  options: map(any),
  context: array(int),
  inner: object('api.Inner', { name: string }),
  keep_alive: keepAlive,
  think,
  images: array(image),
  messages,
};
const decode = (text: string | Uint8Array) =>
  decodeBody(typeof text === 'string' ? new TextEncoder().encode(text) : text, 'Request', fields);

test.each<[string, string]>([
  ['', 'missing request body'],
  [' \n\t', 'missing request body'],
  ['{', 'unexpected EOF'],
  ['{"model"', 'unexpected EOF'],
  ['{"model":"a', 'unexpected EOF'],
  ['{"model":"a"', 'unexpected EOF'],
  ['nul', 'unexpected EOF'],
  ['[1,', 'unexpected EOF'],
  ['{model:1}', "invalid character 'm' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a"}', "invalid character '}' after object key"],
  ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
  ['{"a":}', "invalid character '}' looking for beginning of value"],
  ['[1 2]', "invalid character '2' after array element"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
  ['tru{', "invalid character '{' in literal true (expecting 'e')"],
  ['[-a]', "invalid character 'a' in numeric literal"],
  ['[01]', "invalid character '1' after array element"],
  ['[1.a]', "invalid character 'a' after decimal point in numeric literal"],
  ['[1ea]', "invalid character 'a' in exponent of numeric literal"],
  ['["\n"]', "invalid character '\\n' in string literal"],
  ['["\\x"]', "invalid character 'x' in string escape code"],
  ['["\\u12g4"]', "invalid character 'g' in \\u hexadecimal character escape"],
  ['1x', 'json: cannot unmarshal number into Go value of type api.Request'],
  ['"a"', 'json: cannot unmarshal string into Go value of type api.Request'],
  ['[]', 'json: cannot unmarshal array into Go value of type api.Request'],
  ['{"model":1}', 'json: cannot unmarshal number into Go struct field Request.model of type string'],
  ['{"model":{}}', 'json: cannot unmarshal object into Go struct field Request.model of type string'],
  ['{"stream":"x"}', 'json: cannot unmarshal string into Go struct field Request.stream of type bool'],
  ['{"count":1.5}', 'json: cannot unmarshal number 1.5 into Go struct field Request.count of type int'],
  [
    '{"count":9223372036854775808}',
    'json: cannot unmarshal number 9223372036854775808 into Go struct field Request.count of type int',
  ],
  ['{"count":1e2}', 'json: cannot unmarshal number 1e2 into Go struct field Request.count of type int'],
  [
    '{"options":"x"}',
    'json: cannot unmarshal string into Go struct field Request.options of type map[string]interface {}',
  ],
  ['{"context":["a"]}', 'json: cannot unmarshal string into Go struct field Request.context of type int'],
  [
    '{"inner":{"NAME":true}}',
    'json: cannot unmarshal bool into Go struct field Inner.inner.name of type string',
  ],
  [
    '{"model":1,"stream":2}',
    'json: cannot unmarshal number into Go struct field Request.model of type string',
  ],
  [
    '{"messages":[{"role":"user","content":[1]}]}',
    'json: cannot unmarshal array into Go struct field Request.messages.content of type string',
  ],
  [
    '{"messages":"a"}',
    'json: cannot unmarshal string into Go struct field Request.messages of type []api.Message',
  ],
  ['{"keep_alive":"5"}', 'time: missing unit in duration "5"'],
  ['{"keep_alive":"x"}', 'time: invalid duration "x"'],
  ['{"keep_alive":"5 parsecs"}', 'time: unknown unit " parsecs" in duration "5 parsecs"'],
  [
    '{"keep_alive":"1é\\n\\"\\\\"}',
    String.raw`time: unknown unit "\xc3\xa9\x0a\"\\" in duration "1\xc3\xa9\x0a\"\\"`,
  ],
  ['{"keep_alive":"9223372036854775808ns"}', 'time: invalid duration "9223372036854775808ns"'],
  ['{"keep_alive":"-2562047h47m16.854775809s"}', 'time: invalid duration "-2562047h47m16.854775809s"'],
  [`{"keep_alive":"${'9'.repeat(20)}ns"}`, `time: invalid duration "${'9'.repeat(20)}ns"`],
  ['{"keep_alive":true}', "Unsupported type: 'bool'"],
  ['{"keep_alive":[]}', "Unsupported type: '[]interface {}'"],
  ['{"think":"x"}', 'invalid think value: "x" (must be "high", "medium", "low", "max", true, or false)'],
  ['{"think":1}', 'think must be a boolean or string ("high", "medium", "low", "max", true, or false)'],
  ['{"images":["YQ"]}', 'illegal base64 data at input byte 0'],
  ['{"images":["YWFh*"]}', 'illegal base64 data at input byte 4'],
  ['{"images":["YQ=x"]}', 'illegal base64 data at input byte 3'],
  ['{"images":["YQ==YQ=="]}', 'illegal base64 data at input byte 4'],
  [
    `{"options":{"a":1e999}}`,
    'json: cannot unmarshal number 1e999 into Go struct field Request.options of type float64',
  ],
  ['['.repeat(10_001), "invalid character '[' exceeded max depth"],
  [`{"options":{"a":${'['.repeat(5000)}${']'.repeat(5000)}}}`, 'json: nested more than 1000 deep'],
])('%.40s is refused: %s', (text, words) => {
  expect(() => decode(text)).toThrow(expect.objectContaining({ status: 400, message: words }));
});

test.each<[string, object]>([
  ['null', {}],
  ['{"MODEL":"a"}', { model: 'a' }],
  ['{"ſtream":true}', { stream: true }],
  ['{"model":"a","Model":"b"}', { model: 'b' }],
  ['{"Model":"a","model":"b","model":null}', { model: 'b' }],
  ['{"model":"a"} trailing {', { model: 'a' }],
  ['{"unknown":{"deep":[{}]},"model":"a"}', { model: 'a' }],
  [`{"unknown":${'['.repeat(9000)}${']'.repeat(9000)},"model":"a"}`, { model: 'a' }],
  ['{"context":[1,null,-0]}', { context: [1, 0, -0] }],
  ['{"count":9223372036854775807}', { count: 2 ** 63 }],
  ['{"model":"\\u00e9\\ud83d\\ude00\\n\\ud800"}', { model: 'é😀\n\ufffd' }],
  [
    '{"options":{"__proto__":{"x":1},"stop":["a"]}}',
    { options: JSON.parse('{"__proto__":{"x":1},"stop":["a"]}') },
  ],
  ['{"keep_alive":"1h30m0.5s"}', { keep_alive: 5_400_500 }],
  ['{"keep_alive":"-1m"}', { keep_alive: Number.POSITIVE_INFINITY }],
  ['{"keep_alive":-1}', { keep_alive: Number.POSITIVE_INFINITY }],
  ['{"keep_alive":0}', { keep_alive: 0 }],
  ['{"keep_alive":"0"}', { keep_alive: 0 }],
  ['{"keep_alive":1.5}', { keep_alive: 1500 }],
  ['{"keep_alive":"2562047h47m16.854775807s"}', { keep_alive: (2 ** 63 - 1) / 1e6 }],
  ['{"keep_alive":"-9223372036854775808ns"}', { keep_alive: Number.POSITIVE_INFINITY }],
  ['{"keep_alive":"00.0000000001s"}', { keep_alive: 0 }],
  ['{"keep_alive":1e-10}', { keep_alive: 0 }],
  ['{"keep_alive":null,"think":null}', {}],
  ['{"think":"low"}', { think: 'low' }],
  ['{"images":["YQ==","YW\\nFh"]}', { images: ['YQ==', 'YW\nFh'] }],
])('%.40s is read', (text, value) => {
  expect(decode(text)).toEqual(value);
});

test('bytes that are no UTF-8 become replacement characters', () => {
  const bytes = new Uint8Array([
    ...new TextEncoder().encode('{"model":"a'),
    0xff,
    ...new TextEncoder().encode('"}'),
  ]);
  expect(decode(bytes)).toEqual({ model: 'a\ufffd' });
});

test('an object knows how long its text is', () => {
  const text = '{ "é" : [ { } , 1 ] , "b" : {"c": []} }';
  const object = parseJson(new TextEncoder().encode(` ${text} `)) as JsonObject;
  expect(object.size).toBe(text.length + 1);
  const [[, [empty]], [, inner]] = object.entries as [[string, JsonObject[]], [string, JsonObject]];
  expect([empty.size, inner.size]).toEqual(['{ }'.length, '{"c": []}'.length]);
});
