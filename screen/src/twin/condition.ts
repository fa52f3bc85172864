/** How an asset is, as the map shows it. */

export const CONDITION = { never: 0, well: 1, silent: 2, blue: 3, yellow: 4, orange: 5, red: 6 } as const

/** After so long without a word an asset is silent. */
export const SILENT_MS = 10 * 60_000

/** Of every asset, by when it was last heard; an alert, by the asset's place, says more. */
export function conditions(
  heard: Float64Array,
  now: number,
  alerts: ReadonlyMap<number, keyof typeof CONDITION> = new Map(),
): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(heard.length)
  for (let place = 0; place < heard.length; place++) {
    const at = heard[place] ?? 0
    made[place] =
      at === 0 ? CONDITION.never : now - at > SILENT_MS ? CONDITION.silent : CONDITION.well
  }
  for (const [place, level] of alerts) made[place] = CONDITION[level]
  return made
}
