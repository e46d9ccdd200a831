/** A value that is written as bare text, read by the types that the tool's schema allows. Order and cases are Ollama's. */

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
  if (may('integer') && /^[+-]?\d+$/.test(raw)) return number;
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
