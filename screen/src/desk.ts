/** What only some want, and nobody waits for: the desk's analyses, and the pages to be printed. */
import type { City } from './api.ts'
import type { AsOf } from './asof.ts'
import { byId } from './dom.ts'
import type { View } from './hash.ts'
import type { Canvas } from './scene.ts'
import { renderSheet } from './sheet.ts'
import type { Trouble } from './trouble.ts'
import { Work } from './work.ts'

export interface Desk {
  readonly view: View
  readonly city: City
  readonly trouble: Trouble
  readonly canvas: Canvas
  readonly asOf: () => AsOf
  /** How many sources are silent. */
  readonly silent: number
  readonly change: (part: Partial<View>) => void
  /** Shows a layer that an analysis made. */
  readonly show: (layer: string) => void
}

let work: Work | null = null
let shownSheet = ''

export function showDesk(desk: Desk): void {
  const { view, city, canvas, asOf, change, show } = desk
  const layers = city.groups.flatMap((group) => group.layers)
  work ??= new Work(byId('work'), { canvas, asOf, show, choose: (id) => change({ work: id }) })
  work.open(view.work, view.language, layers.map(({ name, title }) => ({ name, title: title[view.language] })))
  const sheet = JSON.stringify([view.sheet, view.language, asOf()])
  if (sheet === shownSheet) return
  shownSheet = sheet
  void renderSheet(byId('sheet'), desk)
}
