/** Keeps the twin's state away from the page: asks, listens, decodes, and tells what to draw. */
import { withAsOf, type AsOf } from '../asof.ts'
import { conditions, SILENT_MS } from './condition.ts'
import { Fleet, type AssetEntry } from './fleet.ts'
import { relative, mercatorX, mercatorY } from './mercator.ts'
import type { Alarm, Follow, Noticed, Order, Told } from './messages.ts'
import { decodeState, fromBase64 } from './state.ts'
import { Stream, type Ask, type Relayed } from './stream.ts'

/** Pictures are told at most so often. */
const PICTURE_MS = 100
const SILENT_SHOWN = 50
/** The letters of an instant that tell its day. */
const DAY = 10
/** So many assets are told of in one message. */
const PART = 1000
/** Assets that nobody knew yet are asked for at most so often. */
const MEET_MS = 5000

interface StateJson {
  assets: { asset: string; geometry: { type: string; coordinates: unknown } | null }[]
}

let fleet = new Fleet([], new Map())
let origin: readonly [number, number] = [0, 0]
let stream: Stream | null = null
let shared: MessagePort | null = null
/** Which assets are known: of what, and when they were asked for. Within a day they are the same. */
let met = { about: '', at: 0 }
let followed = 0
let lost = 0
let levels: Alarm['levels'] = {}
let watched: string | null = null
let at = ''
let cursor = 0
let due: ReturnType<typeof setTimeout> | null = null

self.onmessage = ({ data }: MessageEvent<Order>) => {
  if ('port' in data) shared = data.port
  else if ('follow' in data) void follow(data)
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
  unlisten()
  try {
    const about = `${order.asOf.scenario} ${order.asOf.known_at} ${order.asOf.datetime?.slice(0, DAY)} ${order.token}`
    if (order.renew || about !== met.about) {
      await meet(order)
      if (mine !== followed) return
      met = { about, at: Date.now() }
    }
    if (order.follow === 'live') listen(order)
    else {
      const body = await state(order)
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
    json<{ assets: AssetEntry[] }>(order, 'twin/assets'),
    json<StateJson>(order, 'twin/state'),
  ])
  const places = new Map<string, readonly [number, number]>()
  for (const { asset, geometry } of state.assets) {
    const place = geometry && first(geometry.coordinates)
    if (place) places.set(asset, place)
  }
  fleet = new Fleet(known.assets, places)
  const [middle] = places.values()
  origin = middle ? [mercatorX(middle[0]), mercatorY(middle[1])] : [0, 0]
  tellDirectory(fleet.assets)
}

function tellDirectory(assets: readonly AssetEntry[]): void {
  let from = 0
  do {
    const part = assets.slice(from, from + PART)
    from += PART
    tell({ type: 'directory', first: from === PART, last: from >= assets.length, assets: part })
  } while (from < assets.length)
}

async function state(order: Follow): Promise<ReturnType<typeof decodeState>> {
  return decodeState(await (await ask(order, 'twin/state?f=bin')).arrayBuffer())
}

/** Listens to the browser's stream, or to one of our own. */
function listen(order: Follow): void {
  const from = url(order, 'live', order.asOf).href
  const mine = followed
  const hear = (told: Relayed) => mine === followed && heard(told, order)
  if (shared === null) return void (stream = new Stream(from, hear))
  shared.onmessage = ({ data }: MessageEvent<Relayed>) => hear(data)
  shared.postMessage({ url: from, renew: order.renew } satisfies Ask)
}

function unlisten(): void {
  stream?.close()
  stream = null
  shared?.postMessage(null)
}

function heard({ event, data }: Relayed, order: Follow): void {
  line(event !== 'lost')
  if (event === 'keyframe' || event === 'state') {
    if (event === 'keyframe') fleet.clear()
    const unknown = take(decodeState(fromBase64(data)))
    // an asset that came after we met them all
    if (unknown > 0 && event === 'state' && Date.now() - met.at > MEET_MS) {
      met = { about: '', at: 0 }
      void follow({ ...order, renew: false })
    }
  } else if (event === 'change') tell({ type: 'changed', layer: (JSON.parse(data) as { layer: string }).layer })
  else if (event === 'notice') {
    const { kind, items } = JSON.parse(data) as Pick<Noticed, 'kind' | 'items'>
    tell({ type: 'noticed', kind, items })
  } else if (event === 'joined') {
    // others heard the keyframe: what is older than what comes meanwhile does not count
    const mine = followed
    void state(order).then((body) => mine === followed && take(body)).catch(() => line(false))
  }
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

async function ask(order: Follow, path: string): Promise<Response> {
  const headers = order.token ? { Authorization: `Bearer ${order.token}` } : {}
  const answer = await fetch(url(order, path, order.asOf), { headers })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  return answer
}

async function json<T>(order: Follow, path: string): Promise<T> {
  return (await (await ask(order, path)).json()) as T
}

function tell(what: Told, transfer: Transferable[] = []): void {
  self.postMessage(what, { transfer })
}
