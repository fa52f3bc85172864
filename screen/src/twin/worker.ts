/** Keeps the twin's state away from the page: asks, listens, decodes, and tells what to draw. */
import { withAsOf, type AsOf } from '../asof.ts'
import { conditions, SILENT_MS } from './condition.ts'
import { Fleet, type AssetEntry } from './fleet.ts'
import { relative, mercatorX, mercatorY } from './mercator.ts'
import type { Alarm, Follow, Order, Told } from './messages.ts'
import { decodeState, fromBase64 } from './state.ts'

/** Pictures are told at most so often. */
const PICTURE_MS = 100
const SILENT_SHOWN = 50

interface StateJson {
  assets: { asset: string; geometry: { type: string; coordinates: unknown } | null }[]
}

let fleet = new Fleet([], new Map())
let origin: readonly [number, number] = [0, 0]
let stream: EventSource | null = null
let followed = 0
let lost = 0
let levels: Alarm['levels'] = {}
let watched: string | null = null
let at = ''
let cursor = 0
let due: ReturnType<typeof setTimeout> | null = null

self.onmessage = ({ data }: MessageEvent<Order>) => {
  if ('follow' in data) void follow(data)
  else if ('levels' in data) {
    levels = data.levels
    if (at) due ??= setTimeout(picture, PICTURE_MS)
  } else {
    watched = data.watch
    tellWatched()
  }
}

async function follow(order: Follow): Promise<void> {
  const mine = ++followed
  stream?.close()
  stream = null
  try {
    await meet(order)
    if (mine !== followed) return
    if (order.follow === 'live') listen(order)
    else {
      const answer = await fetch(url(order, 'twin/state?f=bin', order.asOf))
      if (!answer.ok) throw new Error(`the state answered ${answer.status}`)
      const body = decodeState(await answer.arrayBuffer())
      if (mine !== followed) return
      fleet.clear()
      take(body)
      line(true)
    }
  } catch (error) {
    console.warn(error)
    if (mine !== followed) return
    line(false)
    setTimeout(() => mine === followed && void follow(order), 3000)
  }
}

/** Learns which assets there are and where they stand. */
async function meet(order: Follow): Promise<void> {
  const [known, state] = await Promise.all([
    json<{ assets: AssetEntry[] }>(url(order, 'twin/assets', order.asOf)),
    json<StateJson>(url(order, 'twin/state', order.asOf)),
  ])
  const places = new Map<string, readonly [number, number]>()
  for (const { asset, geometry } of state.assets) {
    const place = geometry && first(geometry.coordinates)
    if (place) places.set(asset, place)
  }
  fleet = new Fleet(known.assets, places)
  const [middle] = places.values()
  origin = middle ? [mercatorX(middle[0]), mercatorY(middle[1])] : [0, 0]
  tell({ type: 'directory', assets: fleet.assets })
}

function listen(order: Follow): void {
  const opened = (stream = new EventSource(url(order, 'live', order.asOf)))
  const onState = (clear: boolean) => (event: MessageEvent<string>) => {
    const body = decodeState(fromBase64(event.data))
    if (clear) fleet.clear()
    line(true)
    // an asset that came after we met them all
    if (take(body) > 0 && !clear) void follow(order)
  }
  opened.addEventListener('keyframe', onState(true))
  opened.addEventListener('state', onState(false))
  opened.addEventListener('heartbeat', () => line(true))
  opened.addEventListener('change', (event: MessageEvent<string>) => {
    line(true)
    tell({ type: 'changed', layer: (JSON.parse(event.data) as { layer: string }).layer })
  })
  opened.onopen = () => line(true)
  opened.onerror = () => line(false)
}

function take(body: ReturnType<typeof decodeState>): number {
  const unknown = fleet.apply(body)
  at = body.at
  cursor = Math.max(cursor, body.cursor)
  due ??= setTimeout(picture, PICTURE_MS)
  return unknown
}

function picture(): void {
  due = null
  const now = Date.parse(at)
  const places = relative(fleet.lng, fleet.lat, origin)
  const alerts = new Map(
    fleet.assets.flatMap(({ asset }, place) => {
      const level = levels[asset]
      return level ? [[place, level] as const] : []
    }),
  )
  const condition = conditions(fleet.heard, now, alerts)
  const silent = fleet.silent(now, SILENT_MS)
  const told = silent.slice(0, SILENT_SHOWN).map((place) => {
    const { asset = '', layer = '', fid = 0 } = fleet.assets[place] ?? {}
    return { asset, layer, fid, since: fleet.heard[place] ?? 0 }
  })
  tell(
    { type: 'picture', origin, places, condition, at, cursor, silent: told, count: silent.length },
    [places.buffer, condition.buffer],
  )
  tellWatched()
}

function tellWatched(): void {
  if (watched === null) return
  const place = fleet.assets.findIndex(({ asset }) => asset === watched)
  if (place >= 0) tell({ type: 'watched', asset: watched, readings: fleet.readings(place) })
}

function line(connected: boolean): void {
  if (connected) lost = 0
  else lost ||= Date.now()
  tell({ type: 'line', connected, since: lost })
}

function first(coordinates: unknown): readonly [number, number] | null {
  const [head, next] = Array.isArray(coordinates) ? (coordinates as unknown[]) : []
  if (typeof head === 'number' && typeof next === 'number') return [head, next]
  return head === undefined ? null : first(head)
}

function url(order: Follow, path: string, asOf: AsOf): URL {
  return new URL(withAsOf(path, asOf), order.root)
}

async function json<T>(from: URL): Promise<T> {
  const answer = await fetch(from)
  if (!answer.ok) throw new Error(`${from.pathname} answered ${answer.status}`)
  return (await answer.json()) as T
}

function tell(what: Told, transfer: Transferable[] = []): void {
  self.postMessage(what, { transfer })
}
