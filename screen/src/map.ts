/** The map: the city's style with what the viewer chose on it. */
import type { Feature } from 'geojson'
import {
  AttributionControl,
  Map,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
  VectorTileSource,
  type GeoJSONSourceSpecification,
  type LayerSpecification,
  type MapGeoJSONFeature,
  type PaddingOptions,
  type VectorSourceSpecification,
} from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'maplibre-gl/dist/maplibre-gl.css'
import { type CityStyle } from './api.ts'
import { withAsOf, type AsOf } from './asof.ts'
import type { Camera } from './hash.ts'
import { Points, POINTS } from './twin/points.ts'
import type { Picture } from './twin/messages.ts'

setWorkerUrl(workerUrl)

const IDEOGRAPHS = '"Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'
const MAX_ZOOM = 20
const REACH = 4
const CREDIT = 'citytwin · <a href="https://maplibre.org/">MapLibre</a>'
const ACCENT = '#ff7a45'

/** All that decides the drawing; the map follows it by differences. */
export interface Scene {
  readonly style: CityStyle
  readonly asOf: AsOf
  readonly visible: (layer: string) => boolean
  readonly selected: Feature | null
}

export interface Picked {
  readonly layer: string
  readonly fid: string | number
}

export class CityMap {
  readonly #map: Map
  readonly #loaded: Promise<unknown>
  readonly #points = new Points()

  constructor(container: HTMLElement, scene: Scene, camera: Camera | null) {
    const { bounds } = scene.style.metadata.citytwin
    this.#map = new Map({
      container,
      style: compose(scene),
      localIdeographFontFamily: IDEOGRAPHS,
      attributionControl: false,
      maxPitch: 70,
      maxZoom: MAX_ZOOM,
      // Overscale coarse tiles and never split them: an area split in two is named twice.
      zoomLevelsToOverscale: MAX_ZOOM,
      fadeDuration: 150,
      ...(camera
        ? { center: [camera.lng, camera.lat], zoom: camera.zoom, bearing: camera.bearing, pitch: camera.pitch }
        : bounds && { bounds: [...bounds], fitBoundsOptions: { padding: clearOfPanels(container) } }),
    })
    this.#loaded = this.#map.once('style.load')
    this.#map.addControl(new AttributionControl({ compact: false, customAttribution: CREDIT }))
    this.#map.addControl(new ScaleControl(), 'bottom-right')
    this.#map.addControl(new NavigationControl({ visualizePitch: true }), 'bottom-right')
  }

  /** Draws another scene. New times swap the tiles in place, so that nothing flashes. */
  draw(scene: Scene): void {
    void this.#loaded.then(() => this.#follow(scene))
  }

  #follow(scene: Scene): void {
    const style = compose(scene)
    for (const [id, wanted] of Object.entries(style.sources)) {
      const source = this.#map.getSource(id)
      if (!(source instanceof VectorTileSource) || wanted.type !== 'vector' || !wanted.tiles) continue
      const { tiles = [] } = source.serialize() as VectorSourceSpecification
      if (tiles.join() !== wanted.tiles.join()) source.setTiles(wanted.tiles)
    }
    this.#map.setStyle(style, { diff: true, validate: false })
    // a style tells nothing of the assets, and so takes them away
    if (!this.#map.getLayer(POINTS)) this.#map.addLayer(this.#points)
  }

  /** The twin's assets, as they are now; null for none. */
  animate(picture: Picture | null): void {
    this.#points.show(picture)
  }

  /** Goes to a place, close enough to see it. */
  flyTo([lng, lat]: readonly [number, number]): void {
    this.#map.easeTo({ center: [lng, lat], zoom: Math.max(this.#map.getZoom(), 15.5) })
  }

  /** Another map of the same city that moves with this one. */
  lead(other: CityMap): () => void {
    const follow = () => other.#map.jumpTo({
      center: this.#map.getCenter(),
      zoom: this.#map.getZoom(),
      bearing: this.#map.getBearing(),
      pitch: this.#map.getPitch(),
    })
    follow()
    this.#map.on('move', follow)
    return () => void this.#map.off('move', follow)
  }

  remove(): void {
    this.#map.remove()
  }

  /** Asks for the tiles of a layer again, since something in it has changed. */
  refresh(layer: string): void {
    for (const id of Object.keys(this.#map.getStyle()?.sources ?? {})) {
      if (id.split('@')[0] === layer) this.#map.refreshTiles(id)
    }
  }

  onMove(listener: (camera: Camera) => void): void {
    this.#map.on('moveend', () => listener(this.camera))
  }

  /** Calls back with the thing at a click, small ones first, or null; and where that is. */
  onPick(listener: (picked: Picked | null, lng: number, lat: number, reach: number) => void): void {
    this.#map.on('click', ({ point: { x, y }, lngLat }) => {
      const exact = this.#map.queryRenderedFeatures([x, y])
      const near = this.#map.queryRenderedFeatures([
        [x - REACH, y - REACH],
        [x + REACH, y + REACH],
      ])
      const of = (found: MapGeoJSONFeature[], ...types: string[]) =>
        found.filter((feature) => types.includes(feature.layer.type))
      const ranked = [
        ...of(near, 'circle', 'symbol'),
        ...of(exact, 'fill-extrusion'),
        ...of(near, 'line'),
        ...exact,
      ]
      const thing = ranked.map(identify).find((picked) => picked !== null) ?? null
      listener(thing, lngLat.lng, lngLat.lat, (2 * REACH) / (512 * 2 ** this.#map.getZoom()))
    })
  }

  onError(listener: () => void): void {
    this.#map.on('error', listener)
  }

  get camera(): Camera {
    const { lng, lat } = this.#map.getCenter()
    const map = this.#map
    return { zoom: map.getZoom(), lat, lng, bearing: map.getBearing(), pitch: map.getPitch() }
  }

  moveTo(camera: Camera): void {
    this.#map.jumpTo({ ...camera, center: [camera.lng, camera.lat] })
  }

  /** Leans the view so that buildings stand up, or lays it flat and north up. */
  tilt(steep: boolean): void {
    this.#map.easeTo(steep ? { pitch: 55, bearing: -20 } : { pitch: 0, bearing: 0 })
  }

  /** Resolves when everything wanted is on the screen. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#map.once('idle', () => resolve())
      this.#map.triggerRepaint()
    })
  }
}

/** The style that a scene asks for. */
function compose({ style, asOf, visible, selected }: Scene): CityStyle {
  const sources: CityStyle['sources'] = { selected: selection(selected) }
  for (const [id, source] of Object.entries(style.sources)) {
    const tiles = source.type === 'vector' && source.tiles?.map((url) => withAsOf(url, asOf))
    sources[id] = tiles ? { ...source, tiles } : source
  }
  const layers = style.layers.map((layer) => {
    if (!('source-layer' in layer) || !layer['source-layer']) return layer
    const visibility = visible(layer['source-layer']) ? 'visible' : 'none'
    return { ...layer, layout: { ...layer.layout, visibility } } as LayerSpecification
  })
  return { ...style, sources, layers: [...layers, ...HIGHLIGHT] }
}

/** Room for the panels at the left and below, where the window has it. */
function clearOfPanels(container: HTMLElement): PaddingOptions {
  const wide = container.clientWidth > 900
  return { top: 24, right: wide ? 300 : 24, bottom: 116, left: wide ? 320 : 24 }
}

function selection(feature: Feature | null): GeoJSONSourceSpecification {
  return {
    type: 'geojson',
    data: { type: 'FeatureCollection', features: feature?.geometry ? [feature] : [] },
  }
}

const HIGHLIGHT: LayerSpecification[] = [
  {
    id: 'selected-line',
    type: 'line',
    source: 'selected',
    filter: ['!=', ['geometry-type'], 'Point'],
    paint: { 'line-color': ACCENT, 'line-width': 2.5 },
  },
  {
    id: 'selected-point',
    type: 'circle',
    source: 'selected',
    filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-radius': 10,
      'circle-opacity': 0,
      'circle-stroke-color': ACCENT,
      'circle-stroke-width': 2.5,
    },
  },
]

function identify({ sourceLayer, id }: MapGeoJSONFeature): Picked | null {
  return sourceLayer && id !== undefined ? { layer: sourceLayer, fid: id } : null
}
