/** What the page and the worker that keeps the twin's state say to each other. */
import type { AsOf } from '../asof.ts'
import type { AssetEntry, Reading } from './fleet.ts'

/** Follow the twin: live, or as it was at an AsOf. `root` is the service's address. */
export interface Follow {
  readonly follow: 'live' | 'moment'
  readonly root: string
  readonly asOf: AsOf
  /** Who asks; null: an anonymous reader. */
  readonly token: string | null
  /** Who listens is another than before: the stream is opened again. */
  readonly renew: boolean
}

/** The browser's shared stream; without it the worker has its own. */
export interface Port {
  readonly port: MessagePort
}

/** Tell of one asset, now and whenever it changes; null ends it. */
export interface Watch {
  readonly watch: string | null
}

/** The open alerts: the level of each asset that has one. */
export interface Alarm {
  readonly levels: Readonly<Record<string, 'blue' | 'yellow' | 'orange' | 'red'>>
}

export type Order = Follow | Watch | Alarm | Port

/** Everything for the map: places relative to the origin, and how each asset is. */
export interface Picture {
  readonly type: 'picture'
  readonly origin: readonly [number, number]
  readonly places: Float32Array<ArrayBuffer>
  readonly condition: Uint8Array<ArrayBuffer>
  /** ISO 8601: as of when this is, and the cursor that it tells. */
  readonly at: string
  readonly cursor: number
  readonly silent: readonly Silent[]
  readonly count: number
}

export interface Silent {
  readonly asset: string
  readonly layer: string
  readonly fid: number
  readonly since: number
}

/** Some of the assets, in their order: all at once would hold the page up. */
export interface Directory {
  readonly type: 'directory'
  readonly first: boolean
  readonly last: boolean
  readonly assets: readonly AssetEntry[]
}

export interface Watched {
  readonly type: 'watched'
  readonly asset: string
  readonly readings: readonly Reading[]
}

/** The stream's own state: `since` is when it was lost, in milliseconds since 1970. */
export interface Line {
  readonly type: 'line'
  readonly connected: boolean
  readonly since: number
}

/** Something that is not the twin's state changed: a layer, by its cells. */
export interface Changed {
  readonly type: 'changed'
  readonly layer: string
}

/** What operations tell: alerts, cases and incidents that changed, or a view for a wall. */
export interface Noticed {
  readonly type: 'noticed'
  readonly kind: string
  readonly items: readonly Readonly<Record<string, unknown>>[]
}

export type Told = Picture | Directory | Watched | Line | Changed | Noticed
