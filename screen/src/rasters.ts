/** Rasters over the map: a depth, a height, a result. They follow time as the layers do. */
import type { RasterSourceSpecification } from 'maplibre-gl'
import { get, Refusal } from './api.ts'
import type { AsOf } from './asof.ts'
import type { Language } from './hash.ts'

export interface RasterEntry {
  readonly name: string
  readonly title: string
  readonly tiles: readonly string[]
  readonly tileSize: number
  readonly maxzoom: number
  readonly bounds: readonly [number, number, number, number]
}

export class Rasters {
  readonly #known = new Map<string, RasterEntry | null>()
  readonly #learned: () => void
  #language: Language | null = null

  /** `learned` is called when what was asked for is known. */
  constructor(learned: () => void) {
    this.#learned = learned
  }

  /** Those of these names that are rasters, as far as it is known. */
  of(names: readonly string[], asOf: AsOf, language: Language): RasterEntry[] {
    if (language !== this.#language) this.#known.clear()
    this.#language = language
    return names.flatMap((name) => {
      const known = this.#known.get(name)
      if (known === undefined) this.#ask(name, asOf, language)
      return known ? [known] : []
    })
  }

  #ask(name: string, asOf: AsOf, language: Language): void {
    this.#known.set(name, null)
    const words = new URLSearchParams({ lang: language })
    void get<RasterEntry & { description: string }>(`tiles/${encodeURIComponent(name)}.json?${words}`, { ...asOf, datetime: null })
      .then((told) => {
        this.#known.set(name, { ...told, name, title: told.description || name })
        this.#learned()
      })
      .catch((error: unknown) => error instanceof Refusal || this.#known.delete(name))
  }
}

/** A raster as a source of the map. */
export function rasterSource({ tiles, tileSize, maxzoom, bounds }: RasterEntry): RasterSourceSpecification {
  return { type: 'raster', tiles: [...tiles], tileSize, maxzoom, bounds: [...bounds] }
}
