/** Which layers are shown: as the style says, unless the viewer switched one. */
import type { LayerEntry } from './api.ts'
import type { View } from './hash.ts'

type Switches = Pick<View, 'shown' | 'hidden'>
type Switched = Pick<LayerEntry, 'name' | 'visible'>

export function isVisible({ name, visible }: Switched, { shown, hidden }: Switches): boolean {
  return visible ? !hidden.includes(name) : shown.includes(name)
}

/** The switches after a layer's was pressed; a layer as the style has it is in neither list. */
export function toggled(layer: Switched, view: Switches): Switches {
  const flip = (names: readonly string[]) =>
    names.includes(layer.name)
      ? names.filter((name) => name !== layer.name)
      : [...names, layer.name]
  return layer.visible
    ? { shown: view.shown, hidden: flip(view.hidden) }
    : { shown: flip(view.shown), hidden: view.hidden }
}
