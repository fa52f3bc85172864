/** The living city: assets that have readings, where they are and what they say, as it goes on. */
import type { FeatureCollection } from 'geojson'
import type { LayerSpecification } from 'maplibre-gl'
import { fetchState, liveUrl, type AsOf, type Box } from './api.ts'
import { delay, throttled } from './throttle.ts'

const EVERY = 1000
const NOTHING: FeatureCollection = { type: 'FeatureCollection', features: [] }
const NAMING = ['asset', 'fid']
const MOVING = '#1769aa'
const FIXED = '#2e7d4f'

/** Where the viewer looks; null where that is too much of the city to tell asset by asset. */
export type Look = () => Box | null

export class Assets {
  readonly #refresh: () => void
  #asOf: AsOf = { datetime: null, scenario: null }
  #stream: EventSource | null = null

  constructor(look: Look, show: (assets: FeatureCollection) => void) {
    this.#refresh = throttled(
      () => void this.#fetch(look()).then(show).catch(console.warn),
      () => delay(EVERY),
    )
  }

  /** Shows the assets of a moment; now is followed, the past stands still. */
  follow(asOf: AsOf): void {
    if (this.#stream && JSON.stringify(asOf) === JSON.stringify(this.#asOf)) return
    this.#asOf = asOf
    this.#stream?.close()
    this.#stream = null
    if (asOf.datetime === null && asOf.scenario === null) {
      this.#stream = new EventSource(liveUrl())
      for (const kind of ['keyframe', 'state', 'change']) this.#stream.addEventListener(kind, this.#refresh)
    }
    this.#refresh()
  }

  /** Asks again: the viewer looks elsewhere. */
  moved(): void {
    this.#refresh()
  }

  async #fetch(box: Box | null): Promise<FeatureCollection> {
    if (!box) return NOTHING
    const state = await fetchState(box, this.#asOf)
    return { type: 'FeatureCollection', features: state.features.flatMap((one) => told(one)) }
  }
}

type Told = FeatureCollection['features'][number]

/** An asset with what it says in one line; nothing, where it has no reading. */
function told(asset: Told): Told[] {
  const values = Object.entries(asset.properties ?? {}).filter(([name]) => !NAMING.includes(name))
  if (!values.length || !asset.geometry) return []
  const said = values.filter(([, value]) => !Array.isArray(value)).map(([, value]) => text(value))
  const moving = said.length < values.length
  return [{ ...asset, properties: { said: said.join(' · '), moving } }]
}

function text(value: unknown): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(3))) : String(value)
}

export const ASSETS_SOURCE = 'assets'

export const ASSETS_STYLE: LayerSpecification[] = [
  {
    id: 'assets-point',
    type: 'circle',
    source: ASSETS_SOURCE,
    filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 12, 2.5, 16, 6],
      'circle-color': ['case', ['get', 'moving'], MOVING, FIXED],
      'circle-stroke-color': '#ffffff',
      'circle-stroke-width': 1,
    },
  },
  {
    id: 'assets-said',
    type: 'symbol',
    source: ASSETS_SOURCE,
    minzoom: 15,
    filter: ['==', ['geometry-type'], 'Point'],
    layout: {
      'text-field': ['get', 'said'],
      'text-font': ['Noto Sans Regular'],
      'text-size': 11,
      'text-offset': [0, 1.1],
      'text-anchor': 'top',
    },
    paint: { 'text-color': '#1c2a33', 'text-halo-color': '#ffffff', 'text-halo-width': 1.2 },
  },
]
