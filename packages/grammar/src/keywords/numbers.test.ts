import { examples } from '../../test/examples.ts';

examples([
  [{ type: 'integer', $schema: 'http://json-schema.org/draft-04/schema#' }, ['1', '-20'], ['1.0', '1e3']],
  [{ type: 'integer' }, ['0', '-7', '1.0', '1e3', '1.5e9'], ['1.5', '01', '1.5e-1']],
  // of zeros too, there are 40 at most behind the point
  ...[{ type: 'integer', maximum: 3 }, { enum: [2, 0] }, { const: 0 }, { minimum: 0, maximum: 0 }].map(
    schema => [schema, [`0.${'0'.repeat(40)}`], [`0.${'0'.repeat(41)}`, `4.${'0'.repeat(41)}`]] as const,
  ),
  [
    { minimum: 1.5, maximum: 20 },
    ['1.5', '2', '1.50', '2e1', '1.5e0', '20.0'],
    ['1.49', '20.01', '-2', '2.1e1', '9e-1'],
  ],
  [
    { exclusiveMinimum: -2, exclusiveMaximum: 0, type: 'number' },
    ['-1', '-1.99', '-1e-5'],
    ['-2', '0', '-0', '-2.0'],
  ],
  [{ multipleOf: 0.01, type: 'number' }, ['3.14', '3.140', '3'], ['3.141']],
  [{ multipleOf: 7, minimum: 20, maximum: 30 }, ['21', '28'], ['20', '29']],
  [{ minimum: 0, exclusiveMinimum: true }, ['1', '0.1'], ['0']],
  [{ multipleOf: 86400, type: 'integer', minimum: 0 }, ['86400', '172800', '0'], ['86401']],
  [{ allOf: [{ multipleOf: 4 }, { multipleOf: 6 }], type: 'integer', minimum: 1 }, ['12', '24'], ['4', '18']],
]);
