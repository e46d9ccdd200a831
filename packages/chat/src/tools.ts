/** Tools of a request, as far as answers are read by them. */

export interface Tool {
  readonly name: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** The functions among the tools of a request: `{ type: 'function', function: { name, parameters } }`. */
export function readTools(tools: readonly unknown[] = []): Tool[] {
  return tools.flatMap(tool => {
    const { name, parameters } = objectOf(objectOf(tool).function);
    return typeof name === 'string' && name !== '' ? [{ name, parameters: objectOf(parameters) }] : [];
  });
}

/** JSON Schema of the arguments, which are an object; in another schema its references still lead to itself. */
export const argumentsOf = ({ name, parameters }: Tool): Readonly<Record<string, unknown>> => ({
  $id: `schema:///tools/${encodeURIComponent(JSON.stringify(name))}`,
  // clients in Go write null for what they leave out
  ...present(parameters),
  type: 'object',
});

/** JSON types that a parameter of a tool may have; none where nothing is said. */
export function typesOf(tool: Tool | undefined, parameter: string): string[] {
  const { properties, additionalProperties } = tool?.parameters ?? {};
  const own = objectOf(properties);
  const schema = Object.hasOwn(own, parameter) ? own[parameter] : additionalProperties;
  return [...new Set(typesIn(schema, tool?.parameters ?? {}, new Map()))];
}

/** `known`: of the schemas that were looked at, each once, however they refer to each other. */
function typesIn(schema: unknown, root: unknown, known: Map<unknown, readonly string[]>): readonly string[] {
  const seen = known.get(schema);
  if (seen) return seen;
  const said = objectOf(schema);
  const { type, $ref, const: only, enum: choices = 'const' in said ? [only] : [] } = said;
  const types = (Array.isArray(type) ? type : [type]).filter(one => typeof one === 'string');
  known.set(schema, types);
  const parts = [said.anyOf, said.oneOf, said.allOf].flatMap(list => (Array.isArray(list) ? list : []));
  const within = [...new Set(parts.flatMap(part => typesIn(part, root, known)))];
  let found: readonly string[] = within.length > 0 ? within : types;
  if (found.length === 0 && typeof $ref === 'string') found = typesIn(referred($ref, root), root, known);
  else if (found.length === 0 && Array.isArray(choices)) found = choices.map(typeOf);
  known.set(schema, found);
  return found;
}

/** By a pointer into the same schema. */
const referred = (pointer: string, root: unknown): unknown =>
  pointer.startsWith('#')
    ? decodeURIComponent(pointer)
        .split('/')
        .slice(1)
        .reduce((at, key) => objectOf(at)[key.replace(/~1/g, '/').replace(/~0/g, '~')], root)
    : undefined;

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

/** Tools as Ollama hands them on: fields in its order, keys of a schema that it does not know left out. */
export function knownTools(tools: readonly unknown[]): unknown[] {
  return tools.map(tool => {
    const { type, function: called } = objectOf(tool);
    const { name, description, parameters } = objectOf(called);
    const schema = objectOf(parameters);
    return present({
      type,
      function: {
        name: name ?? '',
        description: description ?? '',
        parameters: {
          type: schema.type ?? '',
          ...present({ $defs: sorted(schema.$defs), items: sorted(schema.items), required: schema.required }),
          properties: knownProperties(schema.properties) ?? null,
        },
      },
    });
  });
}

function knownProperties(properties: unknown): unknown {
  if (properties === undefined || properties === null) return undefined;
  return Object.fromEntries(
    Object.entries(objectOf(properties)).map(([name, property]) => [name, knownProperty(property)]),
  );
}

function knownProperty(property: unknown): unknown {
  const { anyOf, type, items, description, enum: choices, properties, required } = objectOf(property);
  return present({
    anyOf: Array.isArray(anyOf) ? anyOf.map(knownProperty) : undefined,
    // one type in a list is the type
    type: Array.isArray(type) && type.length === 1 ? type[0] : type,
    items: sorted(items),
    description,
    enum: sorted(choices),
    properties: knownProperties(properties),
    required,
  });
}

/** With the keys of every object in order, as Go writes a map. `text`: a key whose value is left as it is, since Go keeps that as a text. */
export function sorted<T>(value: T, text?: string): T {
  if (Array.isArray(value)) return value.map(item => sorted(item, text)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, key === text ? inner : sorted(inner, text)]),
  ) as T;
}

/** What Go's `omitempty` leaves; of fields of the type `any` all but nil. */
function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => {
      if (value === undefined || value === null) return false;
      return key === 'items' || key === '$defs' || (value !== '' && !(Array.isArray(value) && !value.length));
    }),
  );
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
