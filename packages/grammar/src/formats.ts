/**
 * The formats of JSON Schema as patterns; unknown names are annotations. Where an RFC is named, its grammar. Of a few languages that
 * are not regular, or too large, a part is offered that is valid beyond doubt; `valid` then takes in all that might be.
 */

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
// Leap seconds are offered in UTC only; elsewhere hour, minute and offset would have to add up.
const TIME = `(?:${CLOCK}${OFFSET}|23:59:60(?:\\.[0-9]+)?(?:[Zz]|[+-]00:00))`;
const ANY_TIME = `(?:${CLOCK}|(?:[01][0-9]|2[0-3]):[0-5][0-9]:60(?:\\.[0-9]+)?)${OFFSET}`;

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const MANY = (label: string): string => `(?=.{1,253}$)${label}(?:\\.${label})*`;
/**
 * Labels of `chars` and hyphens, without hyphens in the third and fourth place: whether xn--… is a label takes decoding its Punycode.
 */
function label(chars: string, most: number): string {
  const tail = (used: number): string => `(?:[${chars}-]{0,${most - used - 1}}[${chars}])?`;
  return `[${chars}](?:[${chars}]|[${chars}-](?:[${chars}]${tail(3)}|-[${chars}]${tail(4)}))?`;
}
const HOSTNAME = MANY(label('A-Za-z0-9', 63));
// Letters of scripts that are written from left to right and have no rules of context in RFC 5892.
const U_LABEL = label(
  'a-z0-9\\u00DF-\\u00F6\\u00F8-\\u00FF\\u03B1-\\u03C9\\u0430-\\u045F\\u3041-\\u3096\\u30A1-\\u30FA\\u4E00-\\u9FFF\\uAC00-\\uD7A3',
  10,
);
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const QUOTED = '"(?:[ !#-\\[\\]-~]|\\\\[ -~])*"';
const LITERAL = `\\[(?:${IPV4}|IPv6:${IPV6})\\]`;

// RFC 3986 (URI) and RFC 3987 (IRI: with the characters beyond ASCII).
function uri(more: string, query: string, reference: boolean): string {
  const unreserved = `A-Za-z0-9._~\\-${more}`;
  const pct = '%[0-9A-Fa-f]{2}';
  const pchar = `(?:[${unreserved}!$&'()*+,;=:@]|${pct})`;
  const user = `(?:[${unreserved}!$&'()*+,;=:]|${pct})*@`;
  const name = `(?:[${unreserved}!$&'()*+,;=]|${pct})*`;
  const host = `(?:\\[(?:${IPV6}|[vV][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]|${name})`;
  const authority = `//(?:${user})?${host}(?::[0-9]*)?(?:/${pchar}*)*`;
  const absolute = `/(?:${pchar}+(?:/${pchar}*)*)?`;
  const tail = `(?:\\?(?:${pchar}|[/?${query}])*)?(?:#(?:${pchar}|[/?])*)?`;
  const full = `[A-Za-z][A-Za-z0-9+.-]*:(?:${authority}|${absolute}|${pchar}+(?:/${pchar}*)*|)${tail}`;
  if (!reference) return full;
  const segment = `(?:[${unreserved}!$&'()*+,;=@]|${pct})+`;
  return `(?:${full}|(?:${authority}|${absolute}|${segment}(?:/${pchar}*)*|)${tail})`;
}
const BEYOND = `\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF${[...'123456789ABCDE'].map(plane => `\\u{${plane}0000}-\\u{${plane}FFFD}`).join('')}`;
const PRIVATE = '\\uE000-\\uF8FF\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}';
/**
 * ECMA-262 patterns that are valid with and without the flag `u`: groups nest up to three deep, ranges begin with a digit, an "a"
 * or "A", a blank or "!", and there are no names, references and properties.
 */
function regex(): string {
  const escaped = '\\\\(?:[dDwWsSfnrtv^$\\\\.*+?()[\\]{}|/]|c[A-Za-z]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})';
  const digits = (make: (digit: string) => string): string => [...'0123456789'].map(make).join('|');
  const ranges = `${digits(low => `${low}-[${low}-9]`)}|A-[A-Z]|a-[a-z]|[ !]-~`;
  const item = `(?:${ranges}|[^\\\\\\]-]|${escaped}|\\\\-)`;
  const set = `\\[\\^?-?${item}*-?\\]`;
  const counts = `\\{(?:[0-9]{1,4},?|${digits(low => `${low},[${low}-9]`)}|[0-9],[1-9][0-9]{1,3}|1[0-9],[2-9][0-9]|${digits(low => `1${low},1[${low}-9]`)}|[1-9][0-9],[1-9][0-9]{2,3})\\}`;
  const quantifier = `(?:(?:[*+?]|${counts})\\??)?`;
  const simple = `(?:[^\\\\^$.*+?()[\\]{}|]|\\.|${escaped}|${set})`;
  const assertion = '(?:[\\^$]|\\\\[bB])';
  let inner = `(?:${simple}${quantifier}|${assertion}|\\|)*`;
  for (let depth = 0; depth < 3; depth++) {
    inner = `(?:(?:${simple}|\\((?:\\?:)?${inner}\\))${quantifier}|${assertion}|\\|)*`;
  }
  return `(?:\\(\\?<?[=!]${inner}\\)|${inner})*`;
}

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
  'idn-email': () =>
    `(?:[\\u0080-\\u{10FFFF}]|${ATOM})+(?:\\.(?:[\\u0080-\\u{10FFFF}]|${ATOM})+)*@${LABEL}(?:\\.${LABEL})*`,
  hostname: () => HOSTNAME,
  'idn-hostname': () => `${HOSTNAME}|(?=.{1,25}$)${U_LABEL}(?:\\.${U_LABEL})*`,
  regex,
  ipv4: () => IPV4,
  'ip-address': () => IPV4,
  ipv6: () => IPV6,
  uri: () => uri('', '', false),
  'uri-reference': () => uri('', '', true),
  iri: () => uri(BEYOND, PRIVATE, false),
  'iri-reference': () => uri(BEYOND, PRIVATE, true),
  'uri-template': () =>
    `(?:[!#$&-;=?-\\[\\]_a-z~${BEYOND}${PRIVATE}]|%[0-9A-Fa-f]{2}|\\{[+#./;?&=,!@|]?${VARIABLE}(?:,${VARIABLE})*\\})*`,
  'json-pointer': () => `(?:/${ESCAPED})*`,
  'relative-json-pointer': () => `(?:0|[1-9][0-9]*)(?:#|(?:/${ESCAPED})*)`,
};

/** Where not all that is valid is offered: patterns of what may be. */
const VALID: Record<string, string> = {
  time: ANY_TIME,
  'date-time': `${DATE}[Tt]${ANY_TIME}`,
  hostname: MANY(LABEL),
  'idn-hostname': '[^ !-,/:-@[-`{-~]+',
  'idn-email': '.*@.*',
  regex: '[^*+?)][^]*|',
};

/** The patterns of what a format offers and of all that may be valid; absent when the name is an annotation. */
export function formatPatterns(
  name: string,
): { readonly offered: string; readonly valid: string } | undefined {
  if (!Object.hasOwn(PATTERNS, name)) return undefined;
  const offered = `^(?:${PATTERNS[name]()})$`;
  return { offered, valid: Object.hasOwn(VALID, name) ? `^(?:${VALID[name]})$` : offered };
}
