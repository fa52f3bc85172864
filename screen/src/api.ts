/** What the page asks of the service, all from its own origin. */
import type { Feature as GeoJsonFeature } from 'geojson'
import type { StyleSpecification } from 'maplibre-gl'
import { NOW, withAsOf, type AsOf } from './asof.ts'
import type { Base, Language } from './hash.ts'
import type { Titles } from './i18n.ts'

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

/** The service's address, which the page is under. */
export function root(): URL {
  return new URL('../', document.baseURI)
}

export function fetchStyle(base: Base, asOf: AsOf, language: Language): Promise<CityStyle> {
  return get<CityStyle>(`styles/${base}.json?${new URLSearchParams({ lang: language })}`, asOf)
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

export interface Diff {
  readonly added: number
  readonly removed: number
  readonly changed: number
}

/** How many features of a layer differ from one AsOf to another. */
export function fetchDiff(layer: string, from: AsOf, to: AsOf): Promise<Diff> {
  const words = new URLSearchParams({ resulttype: 'hits', f: 'json' })
  for (const [name, value] of Object.entries(to)) if (value !== null) words.set(`to-${name}`, value as string)
  return get<Diff>(`collections/${encodeURIComponent(layer)}/diff?${words}`, from)
}

export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** What was asked for, or none where the service will not tell; a lost connection still throws. */
export function orNone<T>(asked: Promise<T[]>): Promise<T[]> {
  return asked.catch((error: unknown) => {
    if (error instanceof Refusal) return []
    throw error
  })
}

export async function get<T>(path: string, asOf: AsOf = NOW): Promise<T> {
  const response = await fetch(new URL(withAsOf(path, asOf), root()), { headers: bearer() })
  return answered<T>(path, response)
}

/** Sends JSON; throws a Refusal with the service's own sentence. */
export async function send<T>(
  path: string,
  body: unknown,
  method = 'POST',
  further: Record<string, string> = {},
): Promise<T> {
  const headers = { 'Content-Type': 'application/json', ...bearer(), ...further }
  const response = await fetch(new URL(path, root()), {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  })
  return answered<T>(path, response)
}

/** The token of whoever sits here, kept until the tab is closed; null: an anonymous reader. */
export const session = {
  get token(): string | null {
    return sessionStorage.getItem('token')
  },
  set token(token: string | null) {
    if (token) sessionStorage.setItem('token', token)
    else sessionStorage.removeItem('token')
  },
}

/** Lets this browser's stream listen in the name of whoever sits here: it can carry no header. */
export async function openSession(): Promise<void> {
  if (session.token) await send('live/session', {})
  else await send('live/session', undefined, 'DELETE')
}

/** The header that says who asks. */
export function bearer(): Record<string, string> {
  const token = session.token
  return token ? { Authorization: `Bearer ${token}` } : {}
}

async function answered<T>(path: string, response: Response): Promise<T> {
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T
  const told = (await response.json().catch(() => null)) as { description?: string } | null
  throw new Refusal(response.status, told?.description ?? `${path} answered ${response.status}`)
}
