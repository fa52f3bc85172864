/** What the page asks of the service, all from its own origin. */
import type { FeatureCollection, Feature as GeoJsonFeature } from 'geojson'
import type { StyleSpecification } from 'maplibre-gl'
import type { Language } from './hash.ts'
import type { Titles } from './i18n.ts'

/** The coordinates in time and plans that every request carries; null is now, and the main line. */
export interface AsOf {
  readonly datetime: string | null
  readonly scenario: string | null
}

export interface LayerEntry {
  readonly name: string
  readonly title: Titles
  readonly geometry: 'point' | 'line' | 'polygon'
  readonly visible: boolean
  readonly legend: readonly { readonly label: Titles; readonly colour: string }[]
}

/** What the style tells of the city beside its drawing. */
export interface City {
  readonly title: Titles
  readonly timezone: string
  readonly bounds: readonly [number, number, number, number] | null
  readonly groups: readonly { readonly title: Titles; readonly layers: readonly LayerEntry[] }[]
}

export type CityStyle = StyleSpecification & { metadata: { citytwin: City } }

export interface Feature extends GeoJsonFeature {
  /** JSON-FG: the stretch of valid time; ".." is open. */
  readonly time?: { readonly interval?: readonly [string, string] } | null
}

export interface Scenario {
  readonly name: string
  readonly title?: string | null
}

interface Collections {
  collections: { extent?: { temporal?: { interval?: (string | null)[][] } } }[]
}

const ROOT = new URL('../', document.baseURI)

export function fetchStyle(asOf: AsOf, language: Language): Promise<CityStyle> {
  return get<CityStyle>(`styles/city.json?${new URLSearchParams({ lang: language })}`, asOf)
}

/** The feature as it was then, or null where there was none. */
export async function fetchFeature(
  layer: string,
  fid: string | number,
  asOf: AsOf,
): Promise<Feature | null> {
  try {
    return await get<Feature>(`collections/${encodeURIComponent(layer)}/items/${fid}?f=json`, asOf)
  } catch (error) {
    if (error instanceof Refusal && [404, 410].includes(error.status)) return null
    throw error
  }
}

/** When the oldest thing known began to be true; null where no layer says. */
export async function fetchBeginning(): Promise<Date | null> {
  const { collections } = await get<Collections>('collections?f=json')
  const starts = collections
    .flatMap((one) => one.extent?.temporal?.interval ?? [])
    .map((interval) => Date.parse(interval[0] ?? ''))
    .filter((start) => !Number.isNaN(start))
  return starts.length ? new Date(Math.min(...starts)) : null
}

/** The plans; none where the service has no scenarios. */
export async function fetchScenarios(): Promise<Scenario[]> {
  try {
    return (await get<{ scenarios: Scenario[] }>('scenarios?f=json')).scenarios
  } catch (error) {
    if (error instanceof Refusal) return []
    throw error
  }
}

/** West, south, east, north in degrees. */
export type Box = readonly [number, number, number, number]

/** The assets in a box, with their newest values then. */
export function fetchState(box: Box, asOf: AsOf): Promise<FeatureCollection> {
  return get<FeatureCollection>(`twin/state?${new URLSearchParams({ f: 'geojson', bbox: box.join() })}`, asOf)
}

/** The stream of what is committed from now on. */
export function liveUrl(): URL {
  return new URL('live', ROOT)
}

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

class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

async function get<T>(path: string, asOf: AsOf = { datetime: null, scenario: null }): Promise<T> {
  const response = await fetch(new URL(withAsOf(path, asOf), ROOT))
  if (!response.ok) throw new Refusal(response.status, `${path} answered ${response.status}`)
  return (await response.json()) as T
}
