/** How an asset is, as the map shows it. */

export const CONDITION = { never: 0, well: 1, silent: 2 } as const

/** After so long without a word an asset is silent. */
export const SILENT_MS = 10 * 60_000

export function conditions(heard: Float64Array, now: number): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(heard.length)
  for (let place = 0; place < heard.length; place++) {
    const at = heard[place] ?? 0
    made[place] =
      at === 0 ? CONDITION.never : now - at > SILENT_MS ? CONDITION.silent : CONDITION.well
  }
  return made
}
