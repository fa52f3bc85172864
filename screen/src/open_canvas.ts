/** Opens the map, or a list where the browser cannot draw one. */
import { byId } from './dom.ts'
import type { Camera, View } from './hash.ts'
import { ListCanvas } from './list.ts'
import { CityMap } from './map.ts'
import type { Canvas, Picked, Scene } from './scene.ts'
import type { Twin } from './twin/twin.ts'

export interface CanvasEvents {
  readonly moved: (camera: Camera) => void
  readonly openAsset: (asset: string) => void
  /** Something was clicked on, of an asset or of none; or nothing was. */
  readonly picked: (picked: Picked | null, asset: string | null) => void
  readonly complain: () => void
}

export function openCanvas(scene: Scene, view: () => View, twin: Twin, events: CanvasEvents): Canvas {
  document.body.dataset['layout'] = view().layout // the map looks where it has room
  try {
    return openMap(new CityMap(byId('map'), scene, view().camera), twin, events)
  } catch (error) {
    console.warn(error)
    return new ListCanvas(byId('map'), () => view().language, (place) => twin.nameOf(place), events.openAsset)
  }
}

function openMap(map: CityMap, twin: Twin, { moved, openAsset, picked: tell, complain }: CanvasEvents): CityMap {
  map.onMove(moved)
  map.onPick((picked, lng, lat, reach) => {
    const near = twin.near(lng, lat, reach)
    const mobile = near && picked?.layer !== near.layer
    if (near && (mobile || !picked)) return openAsset(near.asset)
    tell(picked, (picked && twin.of(picked.layer, picked.fid)?.asset) ?? null)
  })
  map.onError(complain)
  return map
}
