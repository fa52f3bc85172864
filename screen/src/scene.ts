/** What is drawn of the city, whoever draws it: a map, or a list where there is no WebGL. */
import type { Feature, Geometry } from 'geojson'
import type { CityStyle } from './api.ts'
import type { AsOf } from './asof.ts'
import type { Camera } from './hash.ts'
import type { Mark } from './markers.ts'
import type { RasterEntry } from './rasters.ts'
import type { Kind } from './sketch.ts'
import type { Picture } from './twin/messages.ts'

/** All that decides the drawing; the map follows it by differences. */
export interface Scene {
  readonly style: CityStyle
  readonly asOf: AsOf
  readonly visible: (layer: string) => boolean
  readonly selected: Feature | null
  /** Over the layers' areas, below their names. */
  readonly rasters: readonly RasterEntry[]
}

export interface Picked {
  readonly layer: string
  readonly fid: string | number
}

export interface Canvas {
  readonly camera: Camera | null
  draw(scene: Scene): void
  /** The twin's assets, as they are now. */
  animate(picture: Picture): void
  /** The worst alerts. */
  mark(marks: readonly Mark[]): void
  flyTo(place: readonly [number, number]): void
  moveTo(camera: Camera): void
  /** Shows the whole city again. */
  overview(): void
  tilt(): void
  /** Asks for a layer again, since something in it has changed. */
  refresh(layer: string): void
  /** Draws everything so many times as large. */
  magnify(factor: number): void
  /** Lets the viewer draw a shape; null where it was given up. */
  sketch(kind: Kind): Promise<Geometry | null>
  /** Shows what was drawn; null takes it away. */
  showSketch(geometry: Geometry | null): void
  /** Resolves when everything wanted is on the screen. */
  settled(): Promise<void>
}
