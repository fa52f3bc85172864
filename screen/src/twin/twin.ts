/** The twin as the page sees it: a worker keeps the state, and tells what is to be drawn. */
import { root, session } from '../api.ts'
import { type AsOf } from '../asof.ts'
import type { AssetEntry } from './fleet.ts'
import { mercatorX, mercatorY } from './mercator.ts'
import type { Alarm, Changed, Follow, Line, Noticed, Order, Picture, Told, Watched } from './messages.ts'

export interface TwinListeners {
  /** The assets are known; before that, none can be found. */
  readonly met: () => void
  readonly picture: (picture: Picture) => void
  readonly watched: (watched: Watched) => void
  readonly line: (line: Line) => void
  readonly changed: (changed: Changed) => void
  readonly noticed: (noticed: Noticed) => void
}

export class Twin {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  #assets: readonly AssetEntry[] = []
  #coming: AssetEntry[] = []
  #picture: Picture | null = null
  #following = ''

  constructor(listeners: TwinListeners) {
    this.#worker.onmessage = ({ data }: MessageEvent<Told>) => {
      if (data.type === 'directory') {
        if (data.first) this.#coming = []
        this.#coming.push(...data.assets)
        if (!data.last) return
        this.#assets = this.#coming
        listeners.met()
      } else if (data.type === 'picture') listeners.picture((this.#picture = data))
      else if (data.type === 'watched') listeners.watched(data)
      else if (data.type === 'line') listeners.line(data)
      else if (data.type === 'changed') listeners.changed(data)
      else listeners.noticed(data)
    }
    this.#share()
  }

  /** Lets all pages of this browser have one stream, where it can. */
  #share(): void {
    if (!('SharedWorker' in window)) return
    const { port } = new SharedWorker(new URL('./shared.ts', import.meta.url), { type: 'module', name: 'citytwin' })
    const { port1, port2 } = new MessageChannel()
    // a worker cannot reach a shared one itself: the page hands on what both say
    port1.onmessage = ({ data }) => port.postMessage(data)
    port.onmessage = ({ data }) => port1.postMessage(data)
    window.addEventListener('pagehide', () => port.postMessage(null))
    this.#worker.postMessage({ port: port2 }, [port2])
  }

  /** Somebody came or went: all is asked for again, in their name. */
  signed(): void {
    const [follow, asOf] = JSON.parse(this.#following) as [Follow['follow'], AsOf]
    this.#order({ follow, root: root().href, asOf, token: session.token, renew: true })
  }

  nameOf(place: number): string {
    return this.#assets[place]?.asset ?? ''
  }

  /** Follows the live state, or shows that of a moment; asking for the same again changes nothing. */
  follow(follow: Follow['follow'], asOf: AsOf): void {
    const wanted = JSON.stringify([follow, asOf])
    if (wanted === this.#following) return
    this.#following = wanted
    this.#order({ follow, root: root().href, asOf, token: session.token, renew: false })
  }

  watch(asset: string | null): void {
    this.#order({ watch: asset })
  }

  /** Says which assets have an open alert, and of which level. */
  alarm(levels: Alarm['levels']): void {
    this.#order({ levels })
  }

  find(asset: string): AssetEntry | null {
    return this.#assets.find((one) => one.asset === asset) ?? null
  }

  of(layer: string, fid: string | number): AssetEntry | null {
    return this.#assets.find((one) => one.layer === layer && one.fid === Number(fid)) ?? null
  }

  /** Where an asset is now, as [longitude, latitude]. */
  place(asset: string): [number, number] | null {
    const index = this.#assets.findIndex((one) => one.asset === asset)
    return index < 0 ? null : this.#lngLat(index)
  }

  /** Assets whose name holds these letters, at most so many. */
  search(text: string, most: number): AssetEntry[] {
    const wanted = text.toLowerCase()
    return this.#assets.filter(({ asset }) => asset.toLowerCase().includes(wanted)).slice(0, most)
  }

  /** The asset nearest to a place, within so many Mercator units; null where there is none. */
  near(lng: number, lat: number, reach: number): AssetEntry | null {
    if (!this.#picture) return null
    const { places, origin } = this.#picture
    const x = mercatorX(lng) - origin[0]
    const y = mercatorY(lat) - origin[1]
    let best = reach
    let found = -1
    for (let place = 0; place < places.length; place += 2) {
      const from = Math.hypot((places[place] ?? NaN) - x, (places[place + 1] ?? NaN) - y)
      if (from < best) [best, found] = [from, place / 2]
    }
    return this.#assets[found] ?? null
  }

  #lngLat(index: number): [number, number] | null {
    if (!this.#picture) return null
    const { places, origin } = this.#picture
    const x = (places[2 * index] ?? NaN) + origin[0]
    const y = (places[2 * index + 1] ?? NaN) + origin[1]
    if (Number.isNaN(x)) return null
    const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI
    return [x * 360 - 180, lat]
  }

  #order(order: Order): void {
    this.#worker.postMessage(order)
  }
}
