/** The coordinates in time and plans, and how addresses carry them. Pure. */

/** The coordinates in time and plans that every request carries; null is now, and the main line. */
export interface AsOf {
  readonly datetime: string | null
  /** By which edition of the books; null is the last one. */
  readonly known_at: string | null
  readonly scenario: string | null
}

export const NOW: AsOf = { datetime: null, known_at: null, scenario: null }

/** A URL or tile template with its AsOf replaced. */
export function withAsOf(url: string, asOf: AsOf): string {
  const [path = '', query = ''] = url.split('?')
  const parameters = new URLSearchParams(query)
  for (const [name, value] of Object.entries(asOf) as [keyof AsOf, string | null][]) {
    if (value === null) parameters.delete(name)
    else parameters.set(name, value)
  }
  return parameters.size ? `${path}?${parameters}` : path
}
