/** The map: the city's style with what the viewer chose on it. */
import type { Feature, FeatureCollection, Geometry } from 'geojson'
import {
  AttributionControl,
  Map,
  NavigationControl,
  RasterTileSource,
  ScaleControl,
  setWorkerUrl,
  VectorTileSource,
  type GeoJSONSource,
  type LayerSpecification,
  type MapGeoJSONFeature,
  type PaddingOptions,
  type RasterSourceSpecification,
  type VectorSourceSpecification,
} from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import 'maplibre-gl/dist/maplibre-gl.css'
import { bearer, root, type CityStyle } from './api.ts'
import { withAsOf } from './asof.ts'
import type { Camera } from './hash.ts'
import { Markers, type Mark } from './markers.ts'
import { rasterSource } from './rasters.ts'
import type { Canvas, Picked, Scene } from './scene.ts'
import { sketch, type Kind } from './sketch.ts'
import { Points, POINTS } from './twin/points.ts'
import type { Picture } from './twin/messages.ts'

setWorkerUrl(workerUrl)

const IDEOGRAPHS = '"Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'
const MAX_ZOOM = 20
const REACH = 4
const CREDIT = 'citytwin · <a href="https://maplibre.org/">MapLibre</a>'
const ACCENT = '#ff7a45'

export class CityMap implements Canvas {
  readonly #map: Map
  readonly #loaded: Promise<unknown>
  readonly #points = new Points()
  readonly #markers: Markers
  readonly #container: HTMLElement
  #whole: [number, number, number, number] | null
  #sketched: Geometry | null = null
  #sketching = false

  constructor(container: HTMLElement, scene: Scene, camera: Camera | null) {
    const { bounds } = scene.style.metadata.citytwin
    this.#container = container
    this.#whole = bounds && [...bounds]
    this.#map = new Map({
      container,
      style: compose(scene, null),
      transformRequest: (url) => (url.startsWith(root().href) ? { url, headers: bearer() } : { url }),
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
    this.#markers = new Markers(this.#map)
    this.#map.addControl(new AttributionControl({ compact: false, customAttribution: CREDIT }))
    this.#map.addControl(new ScaleControl(), 'bottom-right')
    this.#map.addControl(new NavigationControl({ visualizePitch: true }), 'bottom-right')
  }

  /** Draws another scene. New times swap the tiles in place, so that nothing flashes. */
  draw(scene: Scene): void {
    void this.#loaded.then(() => this.#follow(scene))
  }

  #follow(scene: Scene): void {
    const style = compose(scene, this.#sketched)
    for (const [id, wanted] of Object.entries(style.sources)) {
      const source = this.#map.getSource(id)
      const tiled = source instanceof VectorTileSource || source instanceof RasterTileSource
      if (!tiled || !('tiles' in wanted) || !wanted.tiles) continue
      const { tiles = [] } = source.serialize() as VectorSourceSpecification | RasterSourceSpecification
      if (tiles.join() !== wanted.tiles.join()) source.setTiles(wanted.tiles)
    }
    this.#map.setStyle(style, { diff: true, validate: false })
    // a style tells nothing of the assets, and so takes them away
    if (!this.#map.getLayer(POINTS)) this.#map.addLayer(this.#points)
  }

  animate(picture: Picture): void {
    this.#points.show(picture)
  }

  mark(marks: readonly Mark[]): void {
    this.#markers.show(marks)
  }

  async sketch(kind: Kind): Promise<Geometry | null> {
    this.#sketching = true
    try {
      return await sketch(this.#map, kind, (geometry) => this.showSketch(geometry))
    } finally {
      setTimeout(() => (this.#sketching = false)) // the click that ended it picks nothing
    }
  }

  showSketch(geometry: Geometry | null): void {
    this.#sketched = geometry
    const source = this.#map.getSource<GeoJSONSource>('sketch')
    void source?.setData(collection(geometry))
  }

  /** A wall's map is laid out small and drawn large: its words and lines too. */
  magnify(factor: number): void {
    const share = `${100 / factor}%`
    Object.assign(this.#container.style, { width: share, height: share, right: 'auto', bottom: 'auto', transformOrigin: '0 0', transform: factor === 1 ? '' : `scale(${factor})` })
    this.#map.setPixelRatio(factor * devicePixelRatio)
    this.#map.resize()
    this.#points.magnify(factor)
  }

  overview(): void {
    if (this.#whole) this.#map.fitBounds(this.#whole, { padding: clearOfPanels(this.#container), pitch: 0, bearing: 0 })
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
      if (this.#sketching) return
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
  tilt(): void {
    const steep = this.#map.getPitch() === 0
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
function compose({ style, asOf, visible, selected, rasters }: Scene, sketched: Geometry | null): CityStyle {
  const sources: CityStyle['sources'] = {
    selected: { type: 'geojson', data: collection(selected?.geometry ?? null) },
    sketch: { type: 'geojson', data: collection(sketched) },
  }
  for (const [id, source] of Object.entries(style.sources)) {
    const tiles = source.type === 'vector' && source.tiles?.map((url) => withAsOf(url, asOf))
    sources[id] = tiles ? { ...source, tiles } : source
  }
  for (const one of rasters) {
    const source = rasterSource(one)
    sources[`raster ${one.name}`] = { ...source, tiles: source.tiles?.map((url) => withAsOf(url, asOf)) ?? [] }
  }
  const layers = style.layers.map((layer) => {
    if (!('source-layer' in layer) || !layer['source-layer']) return layer
    const visibility = visible(layer['source-layer']) ? 'visible' : 'none'
    return { ...layer, layout: { ...layer.layout, visibility } } as LayerSpecification
  })
  const names = layers.findIndex(({ type }) => type === 'symbol' || type === 'circle')
  const above = names < 0 ? layers.length : names
  const pictures = rasters.map(({ name }): LayerSpecification => ({
    id: `raster ${name}`,
    type: 'raster',
    source: `raster ${name}`,
    paint: { 'raster-opacity': 0.8, 'raster-fade-duration': 0 },
  }))
  return { ...style, sources, layers: [...layers.slice(0, above), ...pictures, ...layers.slice(above), ...HIGHLIGHT] }
}

/** Room for the panels at the sides and below, where the window has it. */
function clearOfPanels(container: HTMLElement): PaddingOptions {
  const { clientWidth: width } = container
  if (document.body.dataset['layout'] === 'wall') return { top: 20, right: 0.22 * width, bottom: 20, left: 0.28 * width }
  const wide = width > 900
  return { top: 24, right: wide ? 300 : 24, bottom: 116, left: wide ? 340 : 24 }
}

function collection(geometry: Geometry | null): FeatureCollection {
  const features: Feature[] = geometry ? [{ type: 'Feature', geometry, properties: {} }] : []
  return { type: 'FeatureCollection', features }
}

const HIGHLIGHT: LayerSpecification[] = [
  {
    id: 'sketch-area',
    type: 'fill',
    source: 'sketch',
    filter: ['==', ['geometry-type'], 'Polygon'],
    paint: { 'fill-color': ACCENT, 'fill-opacity': 0.25 },
  },
  {
    id: 'sketch-line',
    type: 'line',
    source: 'sketch',
    paint: { 'line-color': ACCENT, 'line-width': 2.5, 'line-dasharray': [2, 1] },
  },
  {
    id: 'sketch-point',
    type: 'circle',
    source: 'sketch',
    filter: ['==', ['geometry-type'], 'Point'],
    paint: { 'circle-radius': 7, 'circle-color': ACCENT, 'circle-stroke-color': '#fff', 'circle-stroke-width': 2 },
  },
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
