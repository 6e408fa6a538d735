// Numbers, times and lengths, in the reader's language.

/** The language of the page. */
export function language(): string {
  const tag = document.documentElement.lang || navigator.language
  return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0 ? tag : 'en'
}

/** A duration in seconds as on thumbnails: `1:02:03`. */
export function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const two = (number: number) => String(number).padStart(2, '0')
  const rest = two(Math.floor(seconds % 60))
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`
}

/** A count in few letters: `1.2K`. */
export function compact(count: number): string {
  return new Intl.NumberFormat(language(), { notation: 'compact', maximumFractionDigits: 1 }).format(count)
}

/** A number with at most `digits` digits after the point. */
export function number(value: number, digits = 2): string {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value)
}

/** A share in whole percent; one above 0 is never shown as 0. */
export function percent(share: number): string {
  const shown = share > 0 && share < 0.005 ? 0.01 : share
  return new Intl.NumberFormat(language(), { style: 'percent', maximumFractionDigits: 0 }).format(shown)
}

/** A day. */
export function day(date: string): string {
  return new Intl.DateTimeFormat(language(), { dateStyle: 'medium' }).format(new Date(date))
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400], ['month', 30 * 86_400], ['week', 7 * 86_400], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1],
]

/** How long ago: `3 days ago`. */
export function ago(date: string, now = Date.now()): string {
  const seconds = Math.max(1, Math.round((now - Date.parse(date)) / 1000))
  const [unit, length] = STEPS.find(([, step]) => seconds >= step) ?? ['second', 1]
  return new Intl.RelativeTimeFormat(language(), { numeric: 'auto' }).format(-Math.floor(seconds / length), unit)
}

/** Bytes in a readable unit. */
export function bytes(count: number): string {
  const [unit, size] = count >= 1e6 ? ['megabyte', 1e6] : count >= 1e3 ? ['kilobyte', 1e3] : ['byte', 1]
  return new Intl.NumberFormat(language(), { style: 'unit', unit: unit as string, maximumFractionDigits: 1 }).format(count / (size as number))
}
