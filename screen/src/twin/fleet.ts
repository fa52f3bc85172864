/** What is known of every asset now: arrays side by side, told anew row by row. Pure. */
import type { StateBody } from './state.ts'

export interface SeriesEntry {
  readonly id: number
  readonly kind: string
  readonly unit?: string | null
}

export interface AssetEntry {
  readonly asset: string
  readonly layer: string
  readonly fid: number
  readonly series: Readonly<Record<string, SeriesEntry>>
}

/** A value as people read it. */
export interface Reading {
  readonly property: string
  readonly value: number | string | null
  readonly unit: string | null
  /** Milliseconds since 1970; 0: never. */
  readonly at: number
  readonly quality: number
}

interface Column {
  readonly asset: number
  readonly property: string
  readonly kind: string
  readonly unit: string | null
}

export class Fleet {
  readonly assets: readonly AssetEntry[]
  /** Longitude and latitude of each asset; NaN where it is nowhere. */
  readonly lng: Float64Array
  readonly lat: Float64Array
  /** When each asset last said anything, in milliseconds since 1970; 0: never. */
  readonly heard: Float64Array
  readonly #columns = new Map<number, Column>()
  readonly #value = new Map<number, number>()
  readonly #time = new Map<number, number>()
  readonly #quality = new Map<number, number>()
  #words: Record<string, string> = {}

  constructor(assets: readonly AssetEntry[], places: ReadonlyMap<string, readonly [number, number]>) {
    this.assets = assets
    this.lng = new Float64Array(assets.length).fill(NaN)
    this.lat = new Float64Array(assets.length).fill(NaN)
    this.heard = new Float64Array(assets.length)
    assets.forEach(({ asset, series }, place) => {
      const at = places.get(asset)
      if (at) [this.lng[place], this.lat[place]] = at
      for (const [property, { id, kind, unit }] of Object.entries(series)) {
        this.#columns.set(id, { asset: place, property, kind, unit: unit ?? null })
      }
    })
  }

  /** Forgets every value, as before a keyframe. */
  clear(): void {
    this.heard.fill(0)
    this.#value.clear()
    this.#time.clear()
    this.#quality.clear()
  }

  /** Takes rows in; an older moment than is held does not count. Returns series nobody knows. */
  apply(body: StateBody): number {
    this.#words = { ...this.#words, ...body.words }
    const firstPosition = body.series.length - body.lat.length
    let unknown = 0
    for (let row = 0; row < body.series.length; row++) {
      const series = body.series[row] ?? 0
      const column = this.#columns.get(series)
      const time = body.times[row] ?? 0
      if (!column) {
        unknown++
        continue
      }
      if (time < (this.#time.get(series) ?? -Infinity)) continue
      this.#time.set(series, time)
      this.#value.set(series, body.x[row] ?? NaN)
      this.#quality.set(series, body.quality[row] ?? 0)
      this.heard[column.asset] = Math.max(this.heard[column.asset] ?? 0, time)
      if (row >= firstPosition) {
        this.lng[column.asset] = body.x[row] ?? NaN
        this.lat[column.asset] = body.lat[row - firstPosition] ?? NaN
      }
    }
    return unknown
  }

  /** The values of an asset that are not its position, by property. */
  readings(place: number): Reading[] {
    const entry = this.assets[place]
    if (!entry) return []
    return Object.entries(entry.series)
      .filter(([, { kind }]) => kind !== 'position')
      .map(([property, { id, kind, unit }]) => {
        const number = this.#value.get(id)
        const word = kind === 'category' && number !== undefined
        return {
          property,
          value: word ? (this.#words[String(number)] ?? null) : (number ?? null),
          unit: unit ?? null,
          at: this.#time.get(id) ?? 0,
          quality: this.#quality.get(id) ?? 0,
        }
      })
  }

  /** Assets that have spoken, but not for so many milliseconds before `now`; the longest first. */
  silent(now: number, patience: number): number[] {
    const found: number[] = []
    this.heard.forEach((heard, place) => {
      if (heard > 0 && now - heard > patience) found.push(place)
    })
    return found.sort((a, b) => (this.heard[a] ?? 0) - (this.heard[b] ?? 0))
  }
}
