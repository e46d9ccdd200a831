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

/** JSON types that a parameter of a tool may have; none where nothing is said. */
export function typesOf(tool: Tool | undefined, parameter: string): string[] {
  const properties = objectOf(tool?.parameters.properties);
  const property = Object.hasOwn(properties, parameter) ? objectOf(properties[parameter]) : {};
  const choices = Array.isArray(property.anyOf) ? property.anyOf.map(objectOf) : [];
  return (choices.length > 0 ? choices : [property]).flatMap(({ type }) =>
    (Array.isArray(type) ? type : [type]).filter(one => typeof one === 'string'),
  );
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
