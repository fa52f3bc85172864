/** Drawing a point, a line or a polygon on the map, by mouse and by keys. */
import type { Geometry, Position } from 'geojson'
import type { Map, MapMouseEvent } from 'maplibre-gl'

export type Kind = 'point' | 'line' | 'polygon'

const LEAST: Record<Kind, number> = { point: 1, line: 2, polygon: 3 }
const DIGITS = 7

/** The shape of some places; null while there are too few. `rough`: as far as it is drawn. */
export function shapeOf(kind: Kind, places: readonly Position[], rough = false): Geometry | null {
  const [first] = places
  if (!first || (!rough && places.length < LEAST[kind])) return null
  if (kind === 'point' || places.length === 1) return { type: 'Point', coordinates: [...first] }
  if (kind === 'line' || places.length === 2) return { type: 'LineString', coordinates: [...places] }
  return { type: 'Polygon', coordinates: [[...places, first]] }
}

/** The places of a shape, one number after the other, a polygon's ring without its closing one. */
export function flat(geometry: Geometry): number[] {
  if (geometry.type === 'Point') return [...geometry.coordinates]
  if (geometry.type === 'LineString') return geometry.coordinates.flat()
  return geometry.type === 'Polygon' ? (geometry.coordinates[0] ?? []).slice(0, -1).flat() : []
}

/** Lets the viewer draw; `show` is told every step. Resolves to null where it was given up. */
export function sketch(map: Map, kind: Kind, show: (geometry: Geometry | null) => void): Promise<Geometry | null> {
  const places: Position[] = []
  const canvas = map.getCanvas()
  map.doubleClickZoom.disable()
  canvas.style.cursor = 'crosshair'
  canvas.focus()
  return new Promise((resolve) => {
    const end = (geometry: Geometry | null) => {
      map.off('click', click)
      map.off('dblclick', twice)
      window.removeEventListener('keydown', key, { capture: true })
      canvas.style.cursor = ''
      setTimeout(() => map.doubleClickZoom.enable())
      show(geometry)
      resolve(geometry)
    }
    const add = (place: Position) => {
      const told = place.map((degrees) => Number(degrees.toFixed(DIGITS)))
      if (String(told) !== String(places.at(-1))) places.push(told) // a double click is two
      if (kind === 'point') return end(shapeOf(kind, places))
      show(shapeOf(kind, places, true))
    }
    const finish = () => shapeOf(kind, places) && end(shapeOf(kind, places))
    const click = ({ lngLat }: MapMouseEvent) => add(lngLat.toArray())
    const twice = (event: MapMouseEvent) => {
      event.preventDefault()
      finish()
    }
    const key = (event: KeyboardEvent) => {
      if (event.target instanceof Element && event.target.closest('input, textarea, select')) return
      if (event.key === 'Escape') end(null)
      else if (event.key === 'Enter') finish()
      else if (event.key === ' ') add(map.getCenter().toArray())
      else if (event.key === 'Backspace') {
        places.pop()
        show(shapeOf(kind, places, true))
      } else return
      event.preventDefault()
      event.stopPropagation()
    }
    map.on('click', click)
    map.on('dblclick', twice)
    window.addEventListener('keydown', key, { capture: true })
  })
}
