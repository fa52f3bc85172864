/** The map: the city's style with what the viewer chose on it. */
import type { Feature, FeatureCollection } from 'geojson'
import {
  AttributionControl,
  GeoJSONSource,
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
import { withAsOf, type AsOf, type Box, type CityStyle } from './api.ts'
import { ASSETS_SOURCE, ASSETS_STYLE } from './assets.ts'
import type { Camera } from './hash.ts'

setWorkerUrl(workerUrl)

const IDEOGRAPHS = '"Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'
const MAX_ZOOM = 20
const REACH = 4
const ASSETS_FROM = 11
const CREDIT = 'citytwin · <a href="https://maplibre.org/">MapLibre</a>'
const ACCENT = '#d1462f'

/** All that decides the drawing; the map follows it by differences. */
export interface Scene {
  readonly style: CityStyle
  readonly asOf: AsOf
  readonly visible: (layer: string) => boolean
  readonly selected: Feature | null
  readonly assets: FeatureCollection
}

export interface Picked {
  readonly layer: string
  readonly fid: string | number
}

export class CityMap {
  readonly #map: Map
  readonly #loaded: Promise<unknown>

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
  }

  onMove(listener: (camera: Camera) => void): void {
    this.#map.on('moveend', () => listener(this.camera))
  }

  /** Calls back with the thing at a click, small ones first, or null. */
  onPick(listener: (picked: Picked | null) => void): void {
    this.#map.on('click', ({ point: { x, y } }) => {
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
      listener(ranked.map(identify).find((picked) => picked !== null) ?? null)
    })
  }

  onError(listener: () => void): void {
    this.#map.on('error', listener)
  }

  /** Moves the assets alone: this happens every second. */
  showAssets(assets: FeatureCollection): void {
    void this.#loaded.then(() => {
      const source = this.#map.getSource(ASSETS_SOURCE)
      if (source instanceof GeoJSONSource) void source.setData(assets)
    })
  }

  /** What is seen, in degrees; null from so far away that it is a whole region. */
  get box(): Box | null {
    if (this.#map.getZoom() < ASSETS_FROM) return null
    const seen = this.#map.getBounds()
    return [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()]
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
function compose({ style, asOf, visible, selected, assets }: Scene): CityStyle {
  const sources: CityStyle['sources'] = {
    selected: selection(selected),
    [ASSETS_SOURCE]: { type: 'geojson', data: assets },
  }
  for (const [id, source] of Object.entries(style.sources)) {
    const tiles = source.type === 'vector' && source.tiles?.map((url) => withAsOf(url, asOf))
    sources[id] = tiles ? { ...source, tiles } : source
  }
  const layers = style.layers.map((layer) => {
    if (!('source-layer' in layer) || !layer['source-layer']) return layer
    const visibility = visible(layer['source-layer']) ? 'visible' : 'none'
    return { ...layer, layout: { ...layer.layout, visibility } } as LayerSpecification
  })
  return { ...style, sources, layers: [...layers, ...ASSETS_STYLE, ...HIGHLIGHT] }
}

/** Room for the panels at the left and below, where the window has it. */
function clearOfPanels(container: HTMLElement): PaddingOptions {
  const wide = container.clientWidth > 900
  return { top: 24, right: 24, bottom: 116, left: wide ? 280 : 24 }
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
