/** The formats of JSON Schema as patterns; unknown names are annotations. Where an RFC is named, its grammar. */

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const H16 = '[0-9A-Fa-f]{1,4}';
const LS32 = `(?:${H16}:${H16}|${IPV4})`;
// RFC 3986 §3.2.2, in its nine cases.
const IPV6 = `(?:${[
  `(?:${H16}:){6}${LS32}`,
  `::(?:${H16}:){5}${LS32}`,
  `(?:${H16})?::(?:${H16}:){4}${LS32}`,
  `(?:(?:${H16}:){0,1}${H16})?::(?:${H16}:){3}${LS32}`,
  `(?:(?:${H16}:){0,2}${H16})?::(?:${H16}:){2}${LS32}`,
  `(?:(?:${H16}:){0,3}${H16})?::${H16}:${LS32}`,
  `(?:(?:${H16}:){0,4}${H16})?::${LS32}`,
  `(?:(?:${H16}:){0,5}${H16})?::${H16}`,
  `(?:(?:${H16}:){0,6}${H16})?::`,
].join('|')})`;

// RFC 3339 with the calendar: 29 February in leap years only.
const LEAP = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const DATE = `(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|${LEAP}-02-29)`;
const CLOCK = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?';
const OFFSET = '(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])';
const TIME = `(?:${CLOCK}${OFFSET}|23:59:60(?:\\.[0-9]+)?(?:[Zz]|[+-]00:00))`;

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const HOSTNAME = `(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*`;
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const QUOTED = '"(?:[ !#-\\[\\]-~]|\\\\[ -~])*"';
const LITERAL = `\\[(?:${IPV4}|IPv6:${IPV6})\\]`;

// RFC 3986 (URI) and RFC 3987 (IRI: with the characters beyond ASCII).
function uri(more: string, reference: boolean): string {
  const unreserved = `A-Za-z0-9._~\\-${more}`;
  const pct = '%[0-9A-Fa-f]{2}';
  const pchar = `(?:[${unreserved}!$&'()*+,;=:@]|${pct})`;
  const user = `(?:[${unreserved}!$&'()*+,;=:]|${pct})*@`;
  const name = `(?:[${unreserved}!$&'()*+,;=]|${pct})*`;
  const host = `(?:\\[(?:${IPV6}|[vV][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]|${name})`;
  const authority = `//(?:${user})?${host}(?::[0-9]*)?(?:/${pchar}*)*`;
  const absolute = `/(?:${pchar}+(?:/${pchar}*)*)?`;
  const tail = `(?:\\?(?:${pchar}|[/?])*)?(?:#(?:${pchar}|[/?])*)?`;
  const full = `[A-Za-z][A-Za-z0-9+.-]*:(?:${authority}|${absolute}|${pchar}+(?:/${pchar}*)*|)${tail}`;
  if (!reference) return full;
  const segment = `(?:[${unreserved}!$&'()*+,;=@]|${pct})+`;
  return `(?:${full}|(?:${authority}|${absolute}|${segment}(?:/${pchar}*)*|)${tail})`;
}
const BEYOND =
  '\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF\\u{10000}-\\u{1FFFD}\\u{20000}-\\u{2FFFD}\\u{30000}-\\u{3FFFD}';
const VARIABLE =
  '(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?:\\*|:[1-9][0-9]{0,3})?';
const ESCAPED = '(?:[^~/]|~[01])*';
const WEEKS = 'P[0-9]+W';
const CLOCK_PART = 'T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)';
const DAYS = '(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?)';

const PATTERNS: Record<string, () => string> = {
  date: () => DATE,
  time: () => TIME,
  'date-time': () => `${DATE}[Tt]${TIME}`,
  duration: () => `(?:${WEEKS}|P(?:${DAYS}(?:${CLOCK_PART})?|${CLOCK_PART}))`,
  uuid: () => '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}',
  email: () => `(?:${ATOM}(?:\\.${ATOM})*|${QUOTED})@(?:${LABEL}(?:\\.${LABEL})*|${LITERAL})`,
  hostname: () => HOSTNAME,
  ipv4: () => IPV4,
  'ip-address': () => IPV4,
  ipv6: () => IPV6,
  uri: () => uri('', false),
  'uri-reference': () => uri('', true),
  iri: () => uri(BEYOND, false),
  'iri-reference': () => uri(BEYOND, true),
  'uri-template': () =>
    `(?:[!#$&(-;=?-\\[\\]_a-z~${BEYOND}]|%[0-9A-Fa-f]{2}|\\{[+#./;?&=,!@|]?${VARIABLE}(?:,${VARIABLE})*\\})*`,
  'json-pointer': () => `(?:/${ESCAPED})*`,
  'relative-json-pointer': () => `(?:0|[1-9][0-9]*)(?:#|(?:/${ESCAPED})*)`,
};

/** Formats of the drafts whose languages are not regular, or not small enough. */
export const REFUSED_FORMATS: readonly string[] = ['regex', 'idn-email', 'idn-hostname'];

/** The pattern of a format, or undefined when the name is an annotation. */
export function formatPattern(name: string): string | undefined {
  return Object.hasOwn(PATTERNS, name) ? `^(?:${PATTERNS[name]()})$` : undefined;
}
