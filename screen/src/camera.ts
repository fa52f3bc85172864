/** The camera nearest to a place. */
import type { Point } from 'geojson'
import { get, type Feature } from './api.ts'
import type { AsOf } from './asof.ts'
import type { Picked } from './scene.ts'

const LAYER = 'cameras'
/** Half the side of the boxes that are looked into, in degrees, one after the other. */
const REACHES = [0.004, 0.02, 0.1]

export async function nearestCamera(
  place: readonly [number, number],
  asOf: AsOf,
): Promise<(Picked & { place: readonly [number, number] }) | null> {
  for (const reach of REACHES) {
    const [lng, lat] = place
    const box = [lng - reach, lat - reach, lng + reach, lat + reach].map((side) => side.toFixed(6)).join(',')
    const { features } = await get<{ features: Feature[] }>(`collections/${LAYER}/items?f=json&limit=500&bbox=${box}`, asOf)
    const found = nearest(place, features)
    if (found) return found
  }
  return null
}

/** The feature nearest to a place, by degrees of equal length. */
export function nearest([lng, lat]: readonly [number, number], features: readonly Feature[]): (Picked & { place: readonly [number, number] }) | null {
  const stretch = Math.cos((lat * Math.PI) / 180)
  const told = features.flatMap(({ id, geometry }) => {
    if (id === undefined || geometry?.type !== 'Point') return []
    const [x = NaN, y = NaN] = (geometry as Point).coordinates
    return [{ layer: LAYER, fid: id, place: [x, y] as const, far: Math.hypot((x - lng) * stretch, y - lat) }]
  })
  const [found] = told.sort((a, b) => a.far - b.far)
  return found ? { layer: found.layer, fid: found.fid, place: found.place } : null
}
