/** A JSON with the keys of every object in order, as Go writes a map. A `schema` is left as it is: Go keeps that as a text. */
export function sorted<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sorted) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, key === 'schema' ? inner : sorted(inner)]),
  ) as T;
}
