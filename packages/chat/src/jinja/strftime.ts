/** Python's `strftime` in the C locale, for the dates that templates write into system messages. */

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const two = (number: number) => String(number).padStart(2, '0');
const dayOfYear = (date: Date) =>
  Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 0)) /
      86_400_000,
  );

const directives: Readonly<Record<string, (date: Date) => string>> = {
  Y: date => String(date.getFullYear()),
  y: date => two(date.getFullYear() % 100),
  m: date => two(date.getMonth() + 1),
  B: date => months[date.getMonth()],
  b: date => months[date.getMonth()].slice(0, 3),
  d: date => two(date.getDate()),
  e: date => String(date.getDate()).padStart(2),
  j: date => String(dayOfYear(date)).padStart(3, '0'),
  A: date => days[date.getDay()],
  a: date => days[date.getDay()].slice(0, 3),
  H: date => two(date.getHours()),
  I: date => two(date.getHours() % 12 || 12),
  M: date => two(date.getMinutes()),
  S: date => two(date.getSeconds()),
  p: date => (date.getHours() < 12 ? 'AM' : 'PM'),
  F: date => strftime(date, '%Y-%m-%d'),
  T: date => strftime(date, '%H:%M:%S'),
  '%': () => '%',
};

/** Local time of `date`; `%-d` is the number without padding; a directive that is not known stays as it is. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([A-Za-z%])/g, (directive, bare: string, name: string) => {
    const written = directives[name]?.(date);
    if (written === undefined) return directive;
    return bare ? written.replace(/^[0 ]+(?=\d)/, '') : written;
  });
}
